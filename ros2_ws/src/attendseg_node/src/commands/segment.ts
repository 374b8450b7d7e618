import { existsSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { Presets, SingleBar } from 'cli-progress';
import { type ClassTable, classTable } from '../inference/classTable.js';
import { loadModel, type Model, withoutBuilding } from '../inference/model.js';
import { Segmenter } from '../inference/segmenter.js';
import { shippedModel } from '../inference/shippedModel.js';
import { declareParameters } from '../node/declareParameters.js';
import { readOverrides } from '../node/parameterOverrides.js';
import type { Parameters } from '../node/parameterTable.js';
import type { BagCompression } from '../recording/bagWriter.js';
import { addExample, needs } from './commandLine.js';
import { decimal, list, notEmpty, text, whole } from './optionValues.js';
import { BagPictures } from './segment/bagPictures.js';
import { BagSink } from './segment/bagSink.js';
import { FilePictures, isPictures } from './segment/filePictures.js';
import { Mp4Sink, WebpSink } from './segment/filmSink.js';
import { FolderSink } from './segment/folderSink.js';
import type { PictureSource } from './segment/pictures.js';
import { markOf, type RunResult, segmentAll } from './segment/run.js';
import { type Sink, type SinkPlan, type Written, WRITTEN } from './segment/sink.js';

/** What `attendseg segment` is told. */
export interface SegmentOptions {
  readonly out: string;
  readonly outputs: readonly Written[];
  readonly topics?: readonly string[];
  readonly every: number;
  readonly start?: number;
  readonly end?: number;
  readonly model?: string;
  readonly threads?: number;
  readonly compression: BagCompression;
  readonly json?: true;
}

/** Problems that are told one by one. */
const TOLD = 20;

/** `attendseg segment`: bags and pictures to masks, without a ROS graph and without a clock. */
export function addSegmentCommand(
  program: Command,
  ros: readonly string[],
  done: (code: number) => void,
): void {
  const command = program.command('segment');
  addExample(
    command,
    `attendseg segment drive/ -o masks.mcap
  attendseg segment drive.mcap -o overlay.mp4 --topics /front/image_raw --end 20
  attendseg segment pictures/ -o masks/ --outputs mask,overlay --ros-args -p confidence_threshold:=0.5`,
  )
    .description(
      'masks of a bag, a folder of pictures or one picture; the same input gives the same output. The parameters of the node follow --ros-args',
    )
    .argument(
      '<input>',
      'bag (MCAP or sqlite3, file or folder), folder of JPEG and PNG pictures, or one of them',
      notEmpty,
    )
    .option(
      '-o, --out <path>',
      'OUT.mcap; OUT.webp or OUT.mp4, a film of overlays; else a folder for PNG files',
      text,
    )
    .option('--outputs <list>', `what is written: ${WRITTEN.join(',')}`, outputs, [
      'mask',
      'label_info',
      'camera_info',
    ] satisfies Written[])
    .option('--topics <list>', 'topics of pictures, with commas between; all if left out', list)
    .option('--every <n>', 'take one of so many pictures of a topic', whole(1, 1_000_000), 1)
    .option(
      '--start <seconds>',
      'leave out what was recorded before, from the beginning of the bag',
      decimal(0, 1e9),
    )
    .option('--end <seconds>', 'leave out what was recorded from then on', decimal(0, 1e9))
    .option('--model <path>', 'folder of the model, or its manifest; the parameter model', text)
    .option('--threads <n>', 'of the session; the parameter threads', whole(0, 256))
    .option('--compression <how>', 'of the MCAP file: none or zstd', compression, 'zstd')
    .option('--json', 'print the summary as JSON')
    .action(async (input: string, options: SegmentOptions) => {
      needs(command, 'out');
      const { result, model } = await segment(input, options, ros);
      summarise(input, options, model, result);
      done(result.problems > 0 ? 1 : 0);
    });
}

function outputs(value: string): Written[] {
  return list(value).map((word) => {
    const known = WRITTEN.find((name) => name === word);
    if (known === undefined) throw new InvalidArgumentError(`"${word}" is not one of ${WRITTEN.join(', ')}.`);
    return known;
  });
}

function compression(value: string): BagCompression {
  if (value === 'none' || value === 'zstd') return value;
  throw new InvalidArgumentError('Choose none or zstd.');
}

/**
 * Segments a bag or pictures, and tells what is left out and wrong on the error output.
 * @param ros what follows --ros-args, with it: the node's parameters
 * @throws Error naming file or parameter, cause and remedy
 */
export async function segment(
  input: string,
  options: SegmentOptions,
  ros: readonly string[],
): Promise<{ readonly result: RunResult; readonly model: Model }> {
  const parameters = parametersOf(ros, options);
  if (!existsSync(input))
    throw new Error(`${input}: there is no such file or folder; give a bag or pictures`);
  if (!existsSync(dirname(resolve(options.out))))
    throw new Error(`${options.out}: its folder does not exist; make it first`);
  const model = loadModel(parameters.model || shippedModel(), withoutBuilding(parameters.provider));
  const classes = classTable(model.manifest, parameters);
  const source = isPictures(input) ? new FilePictures(input) : await BagPictures.open(input, options);
  try {
    source.notes.forEach(note);
    const sink = await openSink(input, options, parameters, model, source, classes);
    const segmenter = await Segmenter.open(model, { threads: parameters.threads });
    try {
      const result = await run(options, parameters, model, source, sink, segmenter, classes);
      await sink.close();
      return { result, model };
    } catch (error) {
      await sink.leave();
      throw error;
    } finally {
      await segmenter.close();
    }
  } finally {
    await source.close();
  }
}

function note(line: string): void {
  console.error(`attendseg: ${line}`);
}

/** The node's parameters, by the same rules. @throws Error that names the parameter */
function parametersOf(ros: readonly string[], { model, threads }: SegmentOptions): Parameters {
  const { values } = declareParameters(
    {
      declareParameter: () => undefined,
      onParameterChanges: () => undefined,
      simulateTime: () => undefined,
      overrideQos: () => undefined,
      resolve: ({ name }) => name,
      log: { info: note, warn: note, error: note },
    },
    readOverrides(ros, 'attendseg', '/'),
  );
  return { ...values, ...(model !== undefined && { model }), ...(threads !== undefined && { threads }) };
}

async function openSink(
  input: string,
  options: SegmentOptions,
  parameters: Parameters,
  model: Model,
  source: PictureSource,
  classes: ClassTable,
): Promise<Sink> {
  const { out, outputs, topics, every, start, end, compression } = options;
  const { size, mtimeMs } = statSync(input);
  const { groups, remap, ...others } = parameters;
  // Threads change nothing in the masks.
  const look = { ...others, threads: 0, groups: [...groups], remap: [...remap] };
  const facts = {
    input: resolve(input),
    size,
    mtimeMs,
    model: model.sha256,
    outputs,
    topics,
    every,
    start,
    end,
  };
  const plan: SinkPlan = {
    path: out.replace(/\/+$/, ''),
    mark: markOf({ ...facts, compression, look }),
    written: new Set(outputs),
    classes,
    labels: labelsOf(classes),
    threshold: parameters.confidence_threshold,
    streams: source.streams,
  };
  const sink = await sinkFor(plan, compression);
  if (sink.resumed > 0) note(`goes on with an earlier run: ${sink.resumed} frames are there`);
  return sink;
}

/** The published classes, with the colours that overlays have. */
function labelsOf({ names, lut, palette }: ClassTable): SinkPlan['labels'] {
  return [...names].map(([id, name]) => {
    const [red, green, blue, alpha] = palette.subarray(4 * lut.indexOf(id));
    return { id, name, color: alpha === 0 ? 'none' : [red!, green!, blue!] };
  });
}

async function sinkFor(plan: SinkPlan, compression: BagCompression): Promise<Sink> {
  switch (extname(plan.path).toLowerCase()) {
    case '.mcap':
      return BagSink.open(plan, compression);
    case '.webp':
      return new WebpSink(plan);
    case '.mp4':
      return new Mp4Sink(plan);
    case '':
      return FolderSink.open(plan);
    default:
      throw new Error(
        `${plan.path}: ${extname(plan.path)} files are not written; give OUT.mcap, OUT.webp, OUT.mp4 or a folder`,
      );
  }
}

async function run(
  { every, topics, outputs }: SegmentOptions,
  parameters: Parameters,
  model: Model,
  source: PictureSource,
  sink: Sink,
  segmenter: Segmenter,
  classes: ClassTable,
): Promise<RunResult> {
  const expected = source.expected === undefined ? undefined : Math.ceil(source.expected / every);
  const bar = new SingleBar(
    {
      format: '{bar} {value}/{total} frames, {rate} a second, {eta_formatted} left',
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  );
  const aside = (line: string): void => {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    note(line);
  };
  let told = 0;
  const started = performance.now();
  if (process.stderr.isTTY && expected !== undefined) bar.start(expected, 0, { rate: '-' });
  try {
    return await segmentAll(
      {
        source,
        sink,
        segmenter,
        parameters,
        every,
        network: model.manifest.input,
        classes,
        keepsImages: outputs.includes('image'),
        asked: topics,
      },
      {
        note: aside,
        problem: (line) => {
          if (told++ < TOLD) aside(line);
          else if (told === TOLD + 1) aside('there are more problems; they are counted');
        },
        progress: (count) => {
          const seconds = (performance.now() - started) / 1000;
          bar.update(count, { rate: (count / seconds).toFixed(1) });
        },
      },
    );
  } finally {
    bar.stop();
  }
}

function summarise(input: string, options: SegmentOptions, model: Model, result: RunResult): void {
  const { segmented, resumed, problems, seconds } = result;
  const run = [...result.runs].sort((a, b) => a - b)[result.runs.length >> 1] ?? NaN;
  const rate = segmented / seconds;
  if (options.json) {
    const summary = {
      input,
      out: options.out,
      model: model.manifest.name,
      model_sha256: model.sha256,
      segmented,
      resumed,
      problems,
      frames_per_second: rate,
      run_ms_median: run,
    };
    console.log(JSON.stringify(summary, null, 2));
    return;
  }
  const more = resumed > 0 ? `, ${resumed} were there` : '';
  const wrong = problems > 0 ? `; ${problems} problems` : '';
  console.log(
    `${options.out}: ${segmented} frames of ${input} segmented${more}${wrong}; ${rate.toFixed(1)} a second, median run ${run.toFixed(1)} ms`,
  );
}
