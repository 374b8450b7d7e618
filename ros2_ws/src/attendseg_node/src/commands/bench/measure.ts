import type { OutputKind } from '../../inference/outputs.js';
import { probePicture } from '../../inference/probe.js';
import type { Segmentation, Segmenter } from '../../inference/segmenter.js';
import { rgb8Image } from '../../vision/rawImage.js';
import type { Size } from '../optionValues.js';

/** What was measured of one size and output; times in milliseconds. */
export interface Row {
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

const WARM_UP = 10;
/** Frames of one network before the next one's turn. */
const TURN = 10;

type Alone = Segmentation['times'] & { readonly latency: number };

/**
 * Measures one kind of frame with every network, by turns: a machine that becomes slower meanwhile is no trait of the
 * last one.
 * @param frames of each figure
 */
export async function measure(
  segmenters: readonly Segmenter[],
  size: Size,
  output: OutputKind,
  frames: number,
): Promise<Row[]> {
  const { width, height } = size;
  const image = rgb8Image(width, height, probePicture(width, height));
  const benches = segmenters.map((segmenter) => ({
    times: [] as Alone[],
    segment: (): Promise<Segmentation> =>
      segmenter.segment(segmenter.hold(image), {
        fit: 'letterbox',
        opacity: 0.5,
        outputs: [{ kind: output, width, height, headroom: 0 }],
      }),
  }));
  for (const { segment } of benches) for (let i = 0; i < WARM_UP; i++) await alone(segment);
  for (let first = 0; first < frames; first += TURN)
    for (const { segment, times } of benches)
      for (let i = first; i < Math.min(first + TURN, frames); i++) times.push(await alone(segment));
  const rows: Row[] = [];
  for (const { segment, times } of benches) {
    const of = (name: keyof Alone, share: number): number =>
      percentile(
        times.map((each) => each[name]),
        share,
      );
    rows.push({
      size: `${width}x${height}`,
      output,
      prepare: of('prepare', 0.5),
      run_p50: of('run', 0.5),
      run_p95: of('run', 0.95),
      finish: of('finish', 0.5),
      latency_p50: of('latency', 0.5),
      latency_p95: of('latency', 0.95),
      ...(await atFullSpeed(segment, frames)),
    });
  }
  return rows;
}

async function alone(segment: () => Promise<Segmentation>): Promise<Alone> {
  const started = performance.now();
  const segmentation = await segment();
  segmentation.release();
  return { ...segmentation.times, latency: performance.now() - started };
}

async function atFullSpeed(
  segment: () => Promise<Segmentation>,
  frames: number,
): Promise<Pick<Row, 'throughput' | 'cpu'>> {
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
  return { throughput: frames / seconds, cpu: (user + system) / 1000 / frames };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
