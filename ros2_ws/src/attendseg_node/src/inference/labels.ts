import { UNLABELLED } from '../vision/unlabelled.js';

/**
 * Class ids and confidence from logits, enlarged bilinearly (half-pixel centres) to the network's input size.
 * @param logits CxHxW float32, `columns` x `rows`
 * @param labels heightxwidth uint8, filled
 * @param confidence heightxwidth uint8, filled with 255 times the winner's softmax; left out, half the time is saved
 */
export function logitsToLabels(
  logits: Float32Array,
  classes: number,
  columns: number,
  rows: number,
  width: number,
  height: number,
  labels: Uint8Array,
  confidence?: Uint8Array,
): void {
  const plane = columns * rows;
  const across = taps(columns, width);
  const down = taps(rows, height);
  const row = new Float32Array(classes * columns);
  const values = new Float32Array(classes);
  for (let y = 0; y < height; y++) {
    const above = down.from[y]! * columns;
    const below = down.to[y]! * columns;
    const fy = down.share[y]!;
    for (let c = 0, i = 0; c < classes; c++) {
      for (let x = 0; x < columns; x++, i++) {
        const a = logits[c * plane + above + x]!;
        row[i] = a + (logits[c * plane + below + x]! - a) * fy;
      }
    }
    for (let x = 0; x < width; x++) {
      const left = across.from[x]!;
      const right = across.to[x]!;
      const fx = across.share[x]!;
      let best = 0;
      let top = -Infinity;
      for (let c = 0, i = 0; c < classes; c++, i += columns) {
        const a = row[i + left]!;
        const value = a + (row[i + right]! - a) * fx;
        values[c] = value;
        if (value > top) {
          top = value;
          best = c;
        }
      }
      labels[y * width + x] = best;
      if (confidence === undefined) continue;
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += Math.exp(values[c]! - top);
      confidence[y * width + x] = Math.round(255 / sum);
    }
  }
}

/** Class ids of any integer type, `columns` x `rows`, to uint8 at width x height (nearest); others become UNLABELLED. */
export function enlargeIds(
  ids: ArrayLike<number | bigint>,
  columns: number,
  rows: number,
  width: number,
  height: number,
  labels: Uint8Array,
): void {
  if (ids instanceof Uint8Array && columns === width && rows === height) {
    labels.set(ids);
    return;
  }
  for (let y = 0; y < height; y++) {
    const start = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const id = Number(ids[start + Math.floor(((x + 0.5) * columns) / width)]);
      labels[y * width + x] = id >= 0 && id < UNLABELLED ? id : UNLABELLED;
    }
  }
}

/** Two neighbours and the second one's share for each of `to` samples across `from` (half-pixel centres). */
function taps(from: number, to: number): { from: Uint32Array; to: Uint32Array; share: Float32Array } {
  const result = { from: new Uint32Array(to), to: new Uint32Array(to), share: new Float32Array(to) };
  for (let i = 0; i < to; i++) {
    const place = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    result.from[i] = Math.floor(place);
    result.to[i] = Math.min(from - 1, Math.floor(place) + 1);
    result.share[i] = place - Math.floor(place);
  }
  return result;
}
