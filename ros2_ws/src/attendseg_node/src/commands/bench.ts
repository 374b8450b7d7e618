import { createHash } from 'node:crypto';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { writing } from '../cannotWrite.js';
import { blockTimes } from '../inference/blockTimes.js';
import { loadModel, type Model, withoutBuilding } from '../inference/model.js';
import type { OutputKind } from '../inference/outputs.js';
import { probePicture } from '../inference/probe.js';
import { type ProviderWish, PROVIDERS, sessionThreads } from '../inference/providers.js';
import { type Segmentation, Segmenter } from '../inference/segmenter.js';
import { shippedModel } from '../inference/shippedModel.js';
import { addExample } from './commandLine.js';
import { examine } from './doctor.js';
import { Machine } from './doctor/machine.js';
import { thisProgram } from './doctor/program.js';
import { pictureSize, type Size, text, whole } from './optionValues.js';
import { writeNew } from './writeNew.js';

interface BenchOptions {
  readonly model: string;
  readonly provider: ProviderWish;
  readonly threads: number;
  readonly frames: number;
  readonly sizes: readonly Size[];
  readonly json?: true;
  readonly report?: true;
  readonly blocks?: string;
  readonly output?: string;
}

/** What was measured of one size and output; times in milliseconds. */
interface Row {
  readonly size: string;
  readonly output: OutputKind;
  readonly prepare: number;
  readonly run_p50: number;
  readonly run_p95: number;
  readonly finish: number;
  /** From one picture handed over to its outputs, alone. */
  readonly latency_p50: number;
  readonly latency_p95: number;
  /** Pictures a second, as fast as they go. */
  readonly throughput: number;
  /** Processor time of the whole process for one picture. */
  readonly cpu: number;
}

const OUTPUTS: readonly OutputKind[] = ['mask', 'overlay'];
const WARM_UP = 10;
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
    .option('--provider <name>', PROVIDERS.join(', '), provider, 'auto')
    .option('--threads <n>', 'of the session; 0: all cores but one', whole(0, 256), 0)
    .option('--frames <n>', 'of each row', whole(10, 100_000), 100)
    .option('--sizes <list>', 'WxH with commas between', sizes, [
      { width: 640, height: 480 },
      { width: 1280, height: 720 },
      { width: 1920, height: 1080 },
    ])
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

async function bench(options: BenchOptions): Promise<void> {
  const load = loadavg()[0]!;
  const model = loadModel(options.model, withoutBuilding(options.provider));
  const segmenter = await Segmenter.open(model, options);
  try {
    const rows: Row[] = [];
    for (const size of options.sizes)
      for (const output of OUTPUTS) rows.push(await measure(segmenter, size, output, options.frames));
    const result = {
      model: model.manifest.name,
      model_sha256: model.sha256,
      provider: model.choice.provider,
      why: model.choice.reason,
      threads: sessionThreads(options.threads),
      cpu: describeCpu(),
      node: process.versions.node,
      load_before: load,
      probe: await probeResult(segmenter, model),
      rows,
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
    await segmenter.close();
  }
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

type Alone = Segmentation['times'] & { readonly latency: number };

async function measure(segmenter: Segmenter, size: Size, output: OutputKind, frames: number): Promise<Row> {
  const { width, height } = size;
  const pixels = probePicture(width, height);
  const segment = (): Promise<Segmentation> =>
    segmenter.segment(
      segmenter.hold({ width, height, encoding: 'rgb8', isBigEndian: false, step: 3 * width, data: pixels }),
      { fit: 'letterbox', opacity: 0.5, outputs: [{ kind: output, width, height, headroom: 0 }] },
    );
  const alone = async (): Promise<Alone> => {
    const started = performance.now();
    const segmentation = await segment();
    segmentation.release();
    return { ...segmentation.times, latency: performance.now() - started };
  };
  for (let i = 0; i < WARM_UP; i++) await alone();
  const times: Alone[] = [];
  for (let i = 0; i < frames; i++) times.push(await alone());
  const before = process.cpuUsage();
  const started = performance.now();
  const underWay: Promise<Segmentation>[] = [];
  const finish = async (): Promise<void> => {
    (await underWay.shift()!).release();
  };
  for (let i = 0; i < frames; i++) {
    underWay.push(segment());
    if (underWay.length === 2) await finish();
  }
  while (underWay.length > 0) await finish();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const of = (name: keyof Alone, share: number): number =>
    percentile(
      times.map((each) => each[name]),
      share,
    );
  return {
    size: `${width}x${height}`,
    output,
    prepare: of('prepare', 0.5),
    run_p50: of('run', 0.5),
    run_p95: of('run', 0.95),
    finish: of('finish', 0.5),
    latency_p50: of('latency', 0.5),
    latency_p95: of('latency', 0.95),
    throughput: frames / seconds,
    cpu: (user + system) / 1000 / frames,
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** What the network makes of a picture that is the same everywhere: to be held against another machine's. */
async function probeResult(
  segmenter: Segmenter,
  { manifest }: Model,
): Promise<{ readonly mask_sha256: string; readonly pixels: Record<string, number> }> {
  const { width, height } = manifest.input;
  const segmentation = await segmenter.segment(
    segmenter.hold({
      width,
      height,
      encoding: 'rgb8',
      isBigEndian: false,
      step: 3 * width,
      data: probePicture(width, height),
    }),
    { fit: 'stretch', opacity: 0, outputs: [{ kind: 'mask', width, height, headroom: 0 }] },
  );
  const mask = Uint8Array.from(new Uint8Array(segmentation.outputs[0]!.buffer, 0, width * height));
  segmentation.release();
  const pixels: Record<string, number> = {};
  for (const id of mask) {
    const name = manifest.classes[id]?.name ?? 'unlabelled';
    pixels[name] = (pixels[name] ?? 0) + 1;
  }
  return { mask_sha256: createHash('sha256').update(mask).digest('hex'), pixels };
}

async function findings({ model }: BenchOptions): Promise<unknown> {
  const machine = new Machine();
  try {
    return await examine(machine, thisProgram(machine), model, { width: 1920, height: 1080 });
  } finally {
    machine.close();
  }
}

function print(result: {
  readonly model: string;
  readonly provider: string;
  readonly why: string;
  readonly threads: number;
  readonly cpu: string;
  readonly rows: readonly Row[];
  readonly resident_mib: number;
}): void {
  const { model, provider, why, threads, cpu, rows } = result;
  console.log(`${model} on ${provider} (${why}), ${threads} thread${threads === 1 ? '' : 's'}; ${cpu}`);
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
  console.log(`resident memory ${result.resident_mib} MiB`);
}
