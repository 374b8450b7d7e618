import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unfinishedName } from '../../newFile.js';
import type { Manifest } from '../manifest.js';
import { sha256 } from '../modelFile.js';
import { known, readBoard, type KnownBoard } from './board.js';
import { BuilderLock } from './builderLock.js';
import { codeOf, needsRoom, openPrivateFolder, readOwn } from './cacheFolder.js';
import { EngineError } from './engineError.js';
import {
  findEngine,
  keepEntry,
  listEngines,
  openEngine,
  pathsOf,
  removeEntry,
  removeUnfinished,
  type EngineEntry,
  type EngineFacts,
} from './engineCache.js';
import { engineKey, entryName, groundKey, groundOf, timingKey, type EngineGround } from './engineKey.js';
import { type EngineSource, engineSource } from './engineSource.js';
import { wrapEngine } from './epContext.js';
import { buildWithTrtexec, findTrtexec, type BuildControl, type Trtexec } from './trtexec.js';

/** Files of a build, until its key is known. */
const SOURCE = 'source';
const MODEL = `${SOURCE}/model.onnx`;
const FILES = { engine: 'engine', layers: 'layers.json', log: 'log', timingCache: 'timing.cache' };
export const FAILED_LOG = 'failed.log';

export interface EngineBuild {
  readonly manifest: Manifest;
  readonly cache: string;
  readonly trtexec?: string;
  /** MiB. */
  readonly workspace: number;
  /** Seconds. */
  readonly timeout: number;
  /** Build although there is one, and time all kernels anew. */
  readonly force: boolean;
  readonly wait: boolean;
  /** MiB that must be free. */
  readonly room: number;
  readonly root: string;
}

export interface BuildEvents extends BuildControl {
  readonly onWait?: (pid: number) => void;
}

/**
 * Builds a model's engine into the cache, unless it is there.
 * @returns the entry, and whether it is new
 * @throws EngineError or ModelError in one line
 */
export async function buildEngine(
  build: EngineBuild,
  events: BuildEvents = {},
): Promise<{ entry: EngineEntry; isNew: boolean }> {
  const { cache } = build;
  const board = known(readBoard(build.root));
  const source = engineSource(build.manifest);
  const ground = groundOf(source.sha256, board);
  openPrivateFolder(cache);
  const there = usable(build, ground, board);
  if (there !== undefined) return { entry: there, isNew: false };
  // Before minutes of work: all that can be known to fail.
  wrapEngine(source.bytes, { engine: 'x', source: source.path, computeCapability: '0.0', tensorrt: '' });
  const trtexec = await findTrtexec(build.trtexec);
  if (!`${board.tensorrt}.`.startsWith(`${trtexec.version}.`))
    throw new EngineError(
      `trtexec ${trtexec.path}: is of TensorRT ${trtexec.version}, but libnvinfer is ${board.tensorrt}, which could not load its engine; give the --trtexec of that version`,
    );
  needsRoom(cache, build.room);
  const lock = await onDisk(cache, () => BuilderLock.take(cache, { wait: build.wait, ...events }));
  try {
    removeUnfinished(cache);
    // Built meanwhile, by the one that was waited for.
    const built = usable(build, ground, board);
    if (built !== undefined) return { entry: built, isNew: false };
    return { entry: await buildLocked(build, { board, source, ground, trtexec }, events), isNew: true };
  } finally {
    lock.release();
  }
}

interface Prepared {
  readonly board: KnownBoard;
  readonly source: EngineSource;
  readonly ground: EngineGround;
  readonly trtexec: Trtexec;
}

function usable(build: EngineBuild, ground: EngineGround, { serial }: KnownBoard): EngineEntry | undefined {
  if (build.force) return undefined;
  const entry = findEngine(build.cache, ground, serial);
  if (entry === undefined) return undefined;
  openEngine(build.cache, entry);
  return entry;
}

async function buildLocked(
  build: EngineBuild,
  prepared: Prepared,
  events: BuildEvents,
): Promise<EngineEntry> {
  const { cache, workspace, timeout } = build;
  const { board, source, ground, trtexec } = prepared;
  const part = unfinishedName(join(cache, 'engine'));
  const timings = join(cache, `timing-${timingKey(board)}.cache`);
  const inPart = (name: string): string => join(part, name);
  try {
    await onDisk(cache, () => {
      mkdirSync(part, { mode: 0o700 });
      // A copy, so that what is built is what was hashed.
      const weights = source.data.map(({ path, data }) => ({ path: join(SOURCE, path), data }));
      for (const { path, data } of [{ path: MODEL, data: source.bytes }, ...weights]) {
        mkdirSync(dirname(inPart(path)), { recursive: true });
        writeFileSync(inPart(path), data, { flag: 'wx' });
      }
      if (!build.force && existsSync(timings)) copyFileSync(timings, inPart(FILES.timingCache));
    });
    const started = Date.now();
    const request = { folder: part, model: MODEL, ...FILES, workspace, timeout };
    const device = await buildWithTrtexec(trtexec, request, events);
    return await onDisk(cache, () => {
      const key = engineKey(ground, device);
      const id = entryName(build.manifest.name, key);
      const paths = pathsOf(part, id);
      renameSync(inPart(FILES.engine), paths.engine);
      chmodSync(paths.engine, 0o600);
      renameSync(inPart(FILES.log), paths.log);
      if (existsSync(inPart(FILES.layers))) renameSync(inPart(FILES.layers), paths.layers);
      if (existsSync(inPart(FILES.timingCache))) renameSync(inPart(FILES.timingCache), timings);
      rmSync(inPart(SOURCE), { recursive: true });
      const { computeCapability } = device;
      const wrapper = wrapEngine(source.bytes, {
        engine: `${id}.engine`,
        source: source.path,
        computeCapability,
        tensorrt: ground.tensorrt,
      });
      writeFileSync(paths.wrapper, wrapper, { mode: 0o600, flush: true });
      const engine = readOwn(paths.engine);
      const facts: EngineFacts = {
        key,
        name: build.manifest.name,
        source: source.path,
        ground: { ...ground, board: [...ground.board], flags: [...ground.flags] },
        device,
        trtexec: trtexec.version,
        workspace,
        built: new Date().toISOString(),
        seconds: Math.round((Date.now() - started) / 100) / 10,
        powerMode: board.powerMode,
        serial: board.serial,
        engine: { sha256: sha256(engine), bytes: engine.length },
        wrapper: { sha256: sha256(wrapper), bytes: wrapper.length },
      };
      writeFileSync(paths.facts, JSON.stringify(facts, null, 2), { mode: 0o600, flush: true });
      keepEntry(part, cache, id);
      if (build.force) removeOthers(cache, ground, id);
      return { id, facts, paths: pathsOf(join(cache, id), id) };
    });
  } catch (error) {
    if (!(error instanceof EngineError) || !existsSync(inPart(FILES.log))) throw error;
    renameSync(inPart(FILES.log), join(cache, FAILED_LOG));
    throw new EngineError(`${error.message} (log: ${join(cache, FAILED_LOG)})`);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** Engines that only another board of the same name could mean. */
function removeOthers(cache: string, ground: EngineGround, kept: string): void {
  const key = groundKey(ground);
  for (const { id, facts } of listEngines(cache).entries)
    if (id !== kept && groundKey(facts.ground) === key) removeEntry(cache, id);
}

/** The file system's errors as ours. */
async function onDisk<T>(cache: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const code = codeOf(error);
    throw new EngineError(
      `engine cache ${cache}: cannot be written (${code}); ${code === 'ENOSPC' ? 'free some space, or ' : ''}give another folder with --cache`,
    );
  }
}
