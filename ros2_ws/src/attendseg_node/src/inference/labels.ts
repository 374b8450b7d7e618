import { UNLABELLED } from '../vision/unlabelled.js';
import type { Grid } from './tensors.js';

/**
 * Class ids and confidence from logits, enlarged bilinearly (half-pixel centres) to the network's input size. A pixel
 * with a logit that is not a number, and one where all are -Infinity, has no winner: UNLABELLED with confidence 0.
 * @param raw float32, `classes` channels where `grid` says
 * @param labels heightxwidth uint8, filled
 * @param confidence heightxwidth uint8, filled with 255 times the winner's softmax; left out, half the time is saved
 * @param temperature what logits are divided by for the confidence
 * @returns whether all logits are finite
 */
export function logitsToLabels(
  raw: Float32Array,
  classes: number,
  grid: Grid,
  width: number,
  height: number,
  labels: Uint8Array,
  confidence?: Uint8Array,
  temperature = 1,
): boolean {
  const { columns, rows, channelStride, pixelStride } = grid;
  const finite = areFinite(raw);
  const logits = finite ? raw : tamed(raw, classes, grid);
  const across = linearTaps(columns, width);
  const down = linearTaps(rows, height);
  const row = new Float32Array(classes * columns);
  const values = new Float32Array(classes);
  for (let y = 0; y < height; y++) {
    const rise = (down.to[y]! - down.from[y]!) * columns * pixelStride;
    const fy = down.share[y]!;
    for (let c = 0, i = 0; c < classes; c++) {
      let at = c * channelStride + down.from[y]! * columns * pixelStride;
      for (let x = 0; x < columns; x++, i++, at += pixelStride) {
        const a = logits[at]!;
        const b = logits[at + rise]!;
        row[i] = a + (b - a) * fy;
      }
    }
    for (let x = 0; x < width; x++) {
      const left = across.from[x]!;
      const right = across.to[x]!;
      const fx = across.share[x]!;
      let best = UNLABELLED;
      let top = -Infinity;
      for (let c = 0, i = 0; c < classes; c++, i += columns) {
        const a = row[i + left]!;
        const b = row[i + right]!;
        const value = a + (b - a) * fx;
        values[c] = value;
        if (value > top) {
          top = value;
          best = c;
        }
      }
      labels[y * width + x] = best;
      if (confidence === undefined) continue;
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += Math.exp((values[c]! - top) / temperature);
      confidence[y * width + x] = Math.round(255 / sum);
    }
  }
  return finite;
}

/** Class ids of any type, columns x rows, to uint8 at width x height (nearest); what is none of `classes`
 * becomes UNLABELLED. */
export function enlargeIds(
  ids: ArrayLike<number | bigint>,
  classes: number,
  { columns, rows }: Pick<Grid, 'columns' | 'rows'>,
  width: number,
  height: number,
  labels: Uint8Array,
): void {
  if (ids instanceof Uint8Array && columns === width && rows === height) {
    labels.set(ids);
    for (let i = 0; i < labels.length; i++) if (labels[i]! >= classes) labels[i] = UNLABELLED;
    return;
  }
  for (let y = 0; y < height; y++) {
    const start = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const id = Number(ids[start + Math.floor(((x + 0.5) * columns) / width)]);
      labels[y * width + x] = id >= 0 && id < classes && Number.isInteger(id) ? id : UNLABELLED;
    }
  }
}

/**
 * Class ids 0 and 1 and their confidence from one channel, enlarged bilinearly as logitsToLabels does: 1 from
 * `threshold` on. What is not a number is UNLABELLED with confidence 0.
 * @param raw rows x columns: probabilities, or their logits
 * @param confidence heightxwidth uint8, filled with 255 times the probability of the class chosen
 * @returns whether all values are finite
 */
export function foregroundToLabels(
  raw: Float32Array,
  kind: 'probabilities' | 'logits',
  threshold: number,
  { columns, rows }: Pick<Grid, 'columns' | 'rows'>,
  width: number,
  height: number,
  labels: Uint8Array,
  confidence?: Uint8Array,
): boolean {
  const across = linearTaps(columns, width);
  const down = linearTaps(rows, height);
  // Between infinities lies what is not a number; between huge values, what is nearer.
  const values = kind === 'logits' ? raw.map((value) => Math.min(HUGE, Math.max(-HUGE, value))) : raw;
  for (let y = 0, i = 0; y < height; y++) {
    const above = down.from[y]! * columns;
    const below = down.to[y]! * columns;
    const fy = down.share[y]!;
    for (let x = 0; x < width; x++, i++) {
      const [left, right, fx] = [across.from[x]!, across.to[x]!, across.share[x]!];
      const a = values[above + left]! * (1 - fx) + values[above + right]! * fx;
      const b = values[below + left]! * (1 - fx) + values[below + right]! * fx;
      const value = a * (1 - fy) + b * fy;
      const probability = kind === 'logits' ? 1 / (1 + Math.exp(-value)) : value;
      const known = !Number.isNaN(probability);
      const foreground = probability >= threshold;
      labels[i] = known ? Number(foreground) : UNLABELLED;
      if (confidence === undefined) continue;
      confidence[i] = known ? Math.round(255 * (foreground ? probability : 1 - probability)) : 0;
    }
  }
  return areFinite(raw);
}

/** Beyond any logit, and far enough below what a float32 holds. */
const HUGE = 1e30;

function areFinite(values: Float32Array): boolean {
  // 0 for finite values, else not a number: a sum is quicker than a test of each.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  return sum === 0;
}

/**
 * A copy of the logits without infinities where a network overflowed: those become HUGE, and places with a NaN, or
 * with -Infinity throughout, become NaN in every class, so that no class wins.
 */
function tamed(logits: Float32Array, classes: number, grid: Grid): Float32Array {
  const { columns, rows, channelStride, pixelStride } = grid;
  const result = logits.map((value) => Math.min(HUGE, Math.max(-HUGE, value)));
  for (let pixel = 0; pixel < columns * rows; pixel++) {
    const at = pixel * pixelStride;
    let top = -Infinity;
    // Math.max of a NaN is NaN.
    for (let c = 0; c < classes; c++) top = Math.max(top, logits[c * channelStride + at]!);
    if (top > -Infinity) continue;
    for (let c = 0; c < classes; c++) result[c * channelStride + at] = NaN;
  }
  return result;
}

export interface LinearTaps {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly share: Float32Array;
}

/** Two neighbours and the second one's share for each of `to` samples across `from` (half-pixel centres). */
export function linearTaps(from: number, to: number): LinearTaps {
  const result = { from: new Uint32Array(to), to: new Uint32Array(to), share: new Float32Array(to) };
  for (let i = 0; i < to; i++) {
    const place = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    result.from[i] = Math.floor(place);
    // A neighbour without a share must not count, not even if it is not a number.
    result.to[i] = Math.ceil(place);
    result.share[i] = place - Math.floor(place);
  }
  return result;
}
