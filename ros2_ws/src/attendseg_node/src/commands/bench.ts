import { availableParallelism, cpus, loadavg } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { writing } from '../cannotWrite.js';
import { blockTimes } from '../inference/blockTimes.js';
import { loadModel, type Model, withoutBuilding } from '../inference/model.js';
import type { OutputKind } from '../inference/outputs.js';
import { type ProviderWish, PROVIDERS, sessionThreads } from '../inference/providers.js';
import { Segmenter } from '../inference/segmenter.js';
import { shippedModel } from '../inference/shippedModel.js';
import { measure, type Row } from './bench/measure.js';
import { type Probe, probeResult } from './bench/probeResult.js';
import { addExample } from './commandLine.js';
import { examine } from './doctor.js';
import { Machine } from './doctor/machine.js';
import { thisProgram } from './doctor/program.js';
import { pictureSize, type Size, text, whole } from './optionValues.js';
import { writeNew } from './writeNew.js';

interface BenchOptions {
  readonly model: string;
  readonly against?: string;
  readonly provider: ProviderWish;
  readonly threads: number;
  readonly frames: number;
  readonly sizes: readonly Size[];
  readonly json?: true;
  readonly report?: true;
  readonly blocks?: string;
  readonly output?: string;
}

const OUTPUTS: readonly OutputKind[] = ['mask', 'overlay'];
const SIZES = '640x480,1280x720,1920x1080';
/** Of each of --blocks. */
const BLOCK_RUNS = { rounds: 3, runs: 10 };
/** Load of other programs, in cores, from which figures are not worth much. */
const QUIET = 0.3;

/** `attendseg bench`: how fast this machine segments, without ROS. */
export function addBenchCommand(program: Command, done: (code: number) => void): void {
  const command = program.command('bench');
  addExample(command, 'attendseg bench --report > report.json')
    .description('times of each stage, latency and throughput on this machine, without ROS')
    .option('--model <path>', 'its folder, or its manifest', text, shippedModel())
    .option('--against <path>', 'another one, measured by turns with it', text)
    .option('--provider <name>', PROVIDERS.join(', '), provider, 'auto')
    .option('--threads <n>', 'of the session; 0: all cores but one', whole(0, 256), 0)
    .option('--frames <n>', 'of each row', whole(10, 100_000), 100)
    .addOption(
      new Option('--sizes <list>', 'WxH with commas between').argParser(sizes).default(sizes(SIZES), SIZES),
    )
    .option('--json', 'print JSON')
    .option('--report', 'print JSON with what the doctor finds, to be sent to the makers')
    .option('--blocks <folder>', 'measure instead what `python -m attendseg_training.blocks` wrote', text)
    .option('-o, --output <file>', 'of --blocks: a new file for `python -m attendseg_training.design`', text)
    .action(async (options: BenchOptions) => {
      if (options.blocks === undefined) await bench(options);
      else await benchBlocks(options.blocks, options.output, sessionThreads(options.threads));
      done(0);
    });
}

function provider(value: string): ProviderWish {
  const found = PROVIDERS.find((name) => name === value);
  if (found === undefined) throw new InvalidArgumentError(`Choose ${PROVIDERS.join(', ')}.`);
  return found;
}

function sizes(value: string): Size[] {
  return value.split(',').map(pictureSize);
}

interface Network {
  readonly model: Model;
  readonly segmenter: Segmenter;
}

/** What was measured of one network. */
interface Measured {
  readonly model: string;
  readonly model_sha256: string;
  readonly provider: string;
  readonly why: string;
  readonly probe: Probe;
  readonly rows: readonly Row[];
}

async function bench(options: BenchOptions): Promise<void> {
  const load = loadavg()[0]!;
  const networks: Network[] = [];
  try {
    for (const path of options.against === undefined ? [options.model] : [options.model, options.against]) {
      const model = loadModel(path, withoutBuilding(options.provider));
      networks.push({ model, segmenter: await Segmenter.open(model, options) });
    }
    const segmenters = networks.map(({ segmenter }) => segmenter);
    const kinds: Row[][] = [];
    for (const size of options.sizes)
      for (const output of OUTPUTS) kinds.push(await measure(segmenters, size, output, options.frames));
    const measured: Measured[] = [];
    for (const [at, network] of networks.entries())
      measured.push(
        await describe(
          network,
          kinds.map((rows) => rows[at]!),
        ),
      );
    const result = {
      ...measured[0]!,
      against: measured[1],
      threads: sessionThreads(options.threads),
      cpu: describeCpu(),
      node: process.versions.node,
      load_before: load,
      resident_mib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    };
    if (options.report) console.log(JSON.stringify({ ...result, doctor: await findings(options) }, null, 2));
    else if (options.json) console.log(JSON.stringify(result, null, 2));
    else print(result);
    if (load > QUIET)
      console.error(
        `attendseg: other programs took ${load.toFixed(1)} cores in the last minute: end them and measure again`,
      );
  } finally {
    for (const { segmenter } of networks) await segmenter.close();
  }
}

async function describe({ model, segmenter }: Network, rows: readonly Row[]): Promise<Measured> {
  return {
    model: model.manifest.name,
    model_sha256: model.sha256,
    provider: model.choice.provider,
    why: model.choice.reason,
    probe: await probeResult(segmenter, model),
    rows,
  };
}

function describeCpu(): string {
  return `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${process.arch}`;
}

/** Measures small networks, from whose times those of others can be told, and prints or writes them as JSON. */
async function benchBlocks(folder: string, output: string | undefined, threads: number): Promise<void> {
  const blocks = await blockTimes(folder, { threads, ...BLOCK_RUNS }, (count, of) => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r${count} of ${of} runs of files${count === of ? '\n' : ''}`);
  });
  const json = `${JSON.stringify({ board: describeCpu(), threads, blocks }, null, 1)}\n`;
  if (output === undefined) {
    process.stdout.write(json);
    return;
  }
  await writing(output, () => writeNew(output, json));
  console.log(`${blocks.length} times in ${output}; name it as \`latency\` in the budget of a search`);
}

async function findings({ model }: BenchOptions): Promise<unknown> {
  const machine = new Machine();
  try {
    return await examine(machine, thisProgram(machine), model, { width: 1920, height: 1080 });
  } finally {
    machine.close();
  }
}

interface Result extends Measured {
  readonly against: Measured | undefined;
  readonly threads: number;
  readonly cpu: string;
  readonly resident_mib: number;
}

function print(result: Result): void {
  const { against, threads, cpu } = result;
  const where = `${threads} thread${threads === 1 ? '' : 's'}; ${cpu}`;
  printRows(result, where);
  if (against !== undefined) {
    printRows(against, where);
    const shares = (of: (row: Row) => number): string => {
      const all = result.rows.map((row, at) => of(row) / of(against.rows[at]!));
      return `${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)}`;
    };
    console.log(
      `${result.model} takes ${shares((row) => row.run_p50)} of ${against.model}'s run, ${shares((row) => row.latency_p50)} of its latency, ${shares((row) => row.cpu)} of its processor time`,
    );
  }
  console.log(`resident memory ${result.resident_mib} MiB`);
}

function printRows({ model, provider, why, rows }: Measured, where: string): void {
  console.log(`${model} on ${provider} (${why}), ${where}`);
  console.log(
    'ms                   prepare  run p50   p95   finish  latency p50   p95   a second        CPU',
  );
  for (const row of rows) {
    const name = `${row.size} ${row.output}`.padEnd(20);
    const number = (value: number, width: number): string => value.toFixed(1).padStart(width);
    console.log(
      `${name} ${number(row.prepare, 7)} ${number(row.run_p50, 8)} ${number(row.run_p95, 5)} ${number(row.finish, 8)} ${number(row.latency_p50, 12)} ${number(row.latency_p95, 5)} ${number(row.throughput, 10)} ${number(row.cpu, 10)}`,
    );
  }
}
