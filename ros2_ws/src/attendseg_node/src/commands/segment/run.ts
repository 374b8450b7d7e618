import { createHash } from 'node:crypto';
import { errorText, toError } from '../../errorText.js';
import type { ClassTable } from '../../inference/classTable.js';
import type { Segmentation, Segmenter } from '../../inference/segmenter.js';
import { frameLook } from '../../node/frameLook.js';
import { resolveMaskSize, type Size } from '../../node/maskSize.js';
import type { Parameters } from '../../node/parameterTable.js';
import { ImageError } from '../../vision/imageError.js';
import type { PictureSource, SourcePicture, Stream } from './pictures.js';
import type { FrameHead, Sink } from './sink.js';

/** What a run does with what it meets. */
export interface RunHost {
  /** Something that is not as it should be, in one line with its place. */
  readonly problem: (line: string) => void;
  /** Something that people should know. */
  readonly note: (line: string) => void;
  /** Called after each picture that was written or found written. */
  readonly progress: (done: number) => void;
}

export interface RunOptions {
  readonly source: PictureSource;
  readonly sink: Sink;
  readonly segmenter: Segmenter;
  readonly network: Size;
  readonly classes: ClassTable;
  readonly parameters: Parameters;
  /** Of so many pictures of a stream one is taken. */
  readonly every: number;
  /** Are the messages themselves to be written, too? */
  readonly keepsImages: boolean;
  /** Topics that were asked for by name: a depth image there is a problem. */
  readonly asked: readonly string[] | undefined;
}

export interface RunResult {
  readonly segmented: number;
  readonly resumed: number;
  readonly problems: number;
  /** Milliseconds of each run. */
  readonly runs: readonly number[];
  /** Seconds from the first picture to the last output. */
  readonly seconds: number;
}

interface UnderWay {
  readonly frame: FrameHead;
  readonly size: Size;
  readonly result: Promise<Segmentation | Error>;
}

/** Pictures under way: one in the session, one being prepared. Always so many, so that outputs come in one order. */
const UNDER_WAY = 2;

/** Segments all pictures of a source, one after the other as they were recorded. @throws Error of source or sink */
export async function segmentAll(options: RunOptions, host: RunHost): Promise<RunResult> {
  const { source, sink, every } = options;
  const underWay: UnderWay[] = [];
  const counts = new Map<Stream, number>();
  const runs: number[] = [];
  let [segmented, problems, resumed] = [0, 0, 0];
  const started = performance.now();
  const complain = (line: string): void => {
    problems++;
    host.problem(line);
  };
  const finishOldest = async (): Promise<void> => {
    const { frame, size, result } = underWay.shift()!;
    const segmentation = await result;
    if (segmentation instanceof Error) {
      if (isDepth(segmentation) && options.asked === undefined) leaveOut(frame.stream);
      else complain(`${frame.where}, ${frame.stream.name}: ${errorText(segmentation)}`);
      return;
    }
    try {
      await sink.write(frame, size, segmentation.outputs);
      runs.push(segmentation.times.run);
      host.progress(++segmented + resumed);
    } finally {
      segmentation.release();
    }
  };
  const left = new Set<Stream>();
  const leaveOut = (stream: Stream): void => {
    if (left.has(stream)) return;
    left.add(stream);
    source.leave(stream);
    host.note(`${stream.name} is left out: it is depth, not a picture`);
  };
  for await (const picture of source.pictures()) {
    if ('problem' in picture) {
      complain(picture.problem);
      continue;
    }
    const { stream } = picture;
    const count = counts.get(stream) ?? 0;
    counts.set(stream, count + 1);
    if (count % every !== 0 || left.has(stream)) continue;
    if (sink.has(picture)) {
      host.progress(++resumed + segmented);
      continue;
    }
    underWay.push(handOver(picture, options));
    // The picture's bytes have been copied by now, and the next one may take their place.
    if (underWay.length === UNDER_WAY) await finishOldest();
  }
  while (underWay.length > 0) await finishOldest();
  return { segmented, resumed, problems, runs, seconds: (performance.now() - started) / 1000 };
}

function handOver(picture: SourcePicture, options: RunOptions): UnderWay {
  const { image, message, ...head } = picture;
  const original =
    options.keepsImages && message !== undefined
      ? { type: message.type, data: Buffer.from(message.data) }
      : undefined;
  const frame: FrameHead = { ...head, original };
  const { parameters, classes, segmenter, sink, network } = options;
  try {
    const held = segmenter.hold(image);
    const size = resolveMaskSize(parameters.mask_size, held.header, network);
    const result = segmenter.segment(held, {
      ...frameLook(parameters, picture.stream.name),
      classes,
      outputs: sink.requests(picture, size),
    });
    return { frame, size, result: result.catch(toError) };
  } catch (error) {
    return { frame, size: network, result: Promise.resolve(toError(error)) };
  }
}

function isDepth(error: Error): boolean {
  return error instanceof ImageError && error.reason === 'depth';
}

/** Of all that makes a run what it is, short enough for a file's name. */
export function markOf(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 12);
}
