import { existsSync, readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { errorText } from '../errorText.js';
import { known, readBoard, type KnownBoard } from '../inference/engine/board.js';
import { BuilderLock } from '../inference/engine/builderLock.js';
import { buildEngine } from '../inference/engine/buildEngine.js';
import { cacheFolder } from '../inference/engine/cacheFolder.js';
import {
  doubts,
  listEngines,
  openEngine,
  removeEntry,
  removeUnfinished,
  whyUnusable,
  type EngineEntry,
} from '../inference/engine/engineCache.js';
import { EngineError } from '../inference/engine/engineError.js';
import { problemOfWrapper } from '../inference/engine/epContext.js';
import { readLayerReport, type LayerReport } from '../inference/engine/layerReport.js';
import { readManifest } from '../inference/manifest.js';
import { sha256 } from '../inference/modelFile.js';
import { shippedModel } from '../inference/shippedModel.js';
import { addExample } from './commandLine.js';
import { BuildProgress } from './engine/buildProgress.js';
import { entryRow, HEADINGS, layerLines, mebibytes, table } from './engine/engineLines.js';
import { notEmpty, text, whole } from './optionValues.js';

interface CacheOptions {
  readonly cache?: string;
  /** Where the machine's own files are, for tests. */
  readonly root: string;
  readonly json?: true;
}

interface BuildOptions extends CacheOptions {
  readonly model: string;
  readonly trtexec?: string;
  readonly workspace: number;
  readonly timeout: number;
  readonly room: number;
  readonly force?: true;
  readonly wait: boolean;
}

const BUILD = 'attendseg engine build --model models/my_floor';

/** `attendseg engine`: TensorRT engines, built ahead into a cache. */
export function addEngineCommand(program: Command, done: (code: number) => void): void {
  const engine = program.command('engine').description('TensorRT engines for a Jetson, built ahead');
  addExample(engine, 'attendseg engine build');
  const sub = (name: string): Command =>
    engine
      .command(name)
      .option(
        '--cache <dir>',
        'of the engines (default: $ATTENDSEG_ENGINE_CACHE, else ~/.cache/attendseg_node/engines)',
        text,
      )
      .addOption(new Option('--root <dir>').argParser(text).default('/').hideHelp())
      .option('--json', 'print JSON');
  addExample(sub('build'), BUILD)
    .description("builds the engine of a model's TensorRT file with trtexec, which takes minutes")
    .option('--model <path>', 'folder of the model, or its manifest', text, shippedModel())
    .option('--trtexec <path>', 'the program (default: in PATH, else in /usr/src/tensorrt/bin)', text)
    .option('--workspace <MiB>', 'memory that its kernels may use', whole(16, 1e6), 1024)
    .option('--timeout <s>', 'after which it is given up', whole(1, 86_400), 3600)
    .option('--room <MiB>', 'that must be free on the disk', whole(0, 1e9), 200)
    .option('--force', 'build again what is there, and time its kernels again')
    .option('--no-wait', 'end if another one builds')
    .action(async (options: BuildOptions) => {
      await build(options);
      done(0);
    });
  sub('list')
    .description('shows the engines, and whether they can be used here')
    .action((options: CacheOptions) => {
      list(options);
      done(0);
    });
  sub('verify')
    .description('checks hashes, wrappers and layers; exit code 1 if one is not as it was built')
    .argument('[engine]', 'its name, or the start of it or of its key (default: all)', notEmpty)
    .action((name: string | undefined, options: CacheOptions) => {
      done(verify(name, options) ? 0 : 1);
    });
  sub('clean')
    .description('removes engines')
    .option('--all', 'all of them')
    .option('--unusable', 'those that are damaged, or for another board or version')
    .action(async (options: CacheOptions & { all?: true; unusable?: true }, command: Command) => {
      if ((options.all ?? options.unusable) === undefined)
        command.error('error: say which: --all or --unusable');
      await clean(options);
      done(0);
    });
}

async function build({ cache, model, force, ...options }: BuildOptions): Promise<void> {
  const progress = new BuildProgress();
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  try {
    const { entry, isNew } = await buildEngine(
      { ...options, cache: cacheFolder(cache), manifest: readManifest(model), force: force === true },
      {
        signal: ended.signal,
        progress: (phase, seconds) => {
          progress.update(phase, seconds);
        },
        onWait: (pid) => {
          console.error(`process ${pid} builds an engine in this cache: waiting for it`);
        },
      },
    );
    progress.end();
    const warnings = doubts(entry, readBoard(options.root));
    if (options.json) {
      console.log(
        JSON.stringify({ id: entry.id, new: isNew, ...entry.paths, facts: entry.facts, warnings }, null, 2),
      );
      return;
    }
    const { engine, seconds } = entry.facts;
    console.log(
      `engine   ${entry.paths.engine} (${mebibytes(engine.bytes)}${isNew ? `, ${seconds} s` : ', was there'})`,
    );
    console.log(`wrapper  ${entry.paths.wrapper}`);
    for (const line of layersOf(entry)) console.log(line);
    for (const warning of warnings) console.log(`warning: ${warning}`);
  } finally {
    progress.end();
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

function list({ cache, root, json }: CacheOptions): void {
  const folder = cacheFolder(cache);
  const { entries, damaged } = listEngines(folder);
  const use = usability(root);
  if (json) {
    const rows = entries.map((entry) => ({
      id: entry.id,
      unusable: use(entry),
      warnings: doubts(entry, readBoard(root)),
      facts: entry.facts,
    }));
    console.log(JSON.stringify({ cache: folder, engines: rows, damaged }, null, 2));
    return;
  }
  if (entries.length + damaged.length === 0)
    console.log(`no engines in ${folder}; attendseg engine build makes one`);
  if (entries.length > 0)
    console.log(
      table([HEADINGS, ...entries.map((entry) => entryRow(entry, use(entry) ?? 'yes'))]).join('\n'),
    );
  for (const { id, problem } of damaged) console.log(`${id}: damaged: ${problem}`);
}

/** Whether all are as they were built. */
function verify(name: string | undefined, { cache, root, json }: CacheOptions): boolean {
  const folder = cacheFolder(cache);
  const { entries, damaged } = listEngines(folder);
  const isMeant = (id: string, key: string): boolean =>
    name === undefined || id.startsWith(name) || key.startsWith(name);
  const meant = entries.filter(({ id, facts }) => isMeant(id, facts.key));
  const broken = damaged.filter(({ id }) => isMeant(id, ''));
  if (meant.length + broken.length === 0)
    throw new EngineError(
      `engine cache ${folder}: has no engine${name === undefined ? '' : ` ${name}`}; see attendseg engine list`,
    );
  const use = usability(root);
  const results = meant.map((entry) => ({ id: entry.id, ...check(folder, entry), unusable: use(entry) }));
  const isGood = broken.length === 0 && results.every(({ problem }) => problem === undefined);
  if (json) {
    console.log(JSON.stringify({ ok: isGood, engines: results, damaged: broken }, null, 2));
    return isGood;
  }
  for (const { id, problem, note, layers, unusable } of results) {
    console.log(`${id}: ${problem ?? 'as it was built'}`);
    if (unusable !== undefined) console.log(`  not usable here: ${unusable}`);
    for (const line of layers === undefined ? [`  ${note}`] : layerLines(layers)) console.log(line);
  }
  for (const { id, problem } of broken) console.log(`${id}: damaged: ${problem}`);
  return isGood;
}

interface Checked {
  readonly problem?: string;
  readonly layers?: LayerReport;
  /** Why there are no layers. */
  readonly note: string;
}

function check(folder: string, entry: EngineEntry): Checked {
  const { layers, note } = readLayers(entry);
  const found = layers === undefined ? { note } : { note, layers };
  try {
    const { wrapper } = openEngine(folder, entry);
    const { source, ground, device } = entry.facts;
    // A model that has gone or changed says nothing against its engine, whose files have their hashes.
    const network = existsSync(source) ? readFileSync(source) : undefined;
    if (network === undefined || sha256(network) !== ground.model) return found;
    const problem = problemOfWrapper(readFileSync(wrapper), network, {
      engine: `${entry.id}.engine`,
      source,
      computeCapability: device.computeCapability,
      tensorrt: ground.tensorrt,
    });
    return problem === undefined ? found : { ...found, problem: `wrapper ${wrapper}: ${problem}` };
  } catch (error) {
    return { ...found, problem: errorText(error) };
  }
}

function layersOf(entry: EngineEntry): string[] {
  const { layers, note } = readLayers(entry);
  return layers === undefined ? [`  ${note}`] : layerLines(layers);
}

function readLayers({ paths }: EngineEntry): { layers?: LayerReport; note: string } {
  try {
    return { layers: readLayerReport(readFileSync(paths.layers, 'utf8')), note: '' };
  } catch (error) {
    return { note: `which layers are in int8 is not known: ${paths.layers} ${errorText(error)}` };
  }
}

async function clean({ cache, root, all, json }: CacheOptions & { all?: true }): Promise<void> {
  const folder = cacheFolder(cache);
  const { entries, damaged } = listEngines(folder);
  // Where the machine cannot be told, nothing is unusable for sure.
  const here = all ? undefined : known(readBoard(root));
  const use = (entry: EngineEntry): string | undefined =>
    here === undefined ? '' : whyUnusable(entry, here);
  const removed = [...entries.filter((entry) => use(entry) !== undefined), ...damaged].map(({ id }) => id);
  if (existsSync(folder)) {
    const lock = await BuilderLock.take(folder, { wait: false });
    try {
      removeUnfinished(folder);
      for (const id of removed) removeEntry(folder, id);
    } finally {
      lock.release();
    }
  }
  if (json) console.log(JSON.stringify({ removed }, null, 2));
  else console.log(removed.length === 0 ? 'nothing to remove' : `removed ${removed.join(', ')}`);
}

/** Why an engine cannot be used here, if so; on a machine that is no Jetson, none can. */
function usability(root: string): (entry: EngineEntry) => string | undefined {
  let here: KnownBoard;
  try {
    here = known(readBoard(root));
  } catch (error) {
    return () => `this machine is not known: ${errorText(error)}`;
  }
  return (entry) => whyUnusable(entry, here);
}
