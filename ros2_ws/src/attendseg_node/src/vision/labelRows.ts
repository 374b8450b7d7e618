import type { Arena } from './arena.js';
import type { Kernels } from './kernels.js';
import type { Placement } from './letterbox.js';

/** Bytes of a pattern: what one store of the kernel writes. */
const PATTERN_BYTES = 16;

/**
 * The rows of a label map inside a placement's rectangle, brought to a picture's size and painted: each pixel takes
 * the label under its centre. Work is done once per row of labels; the picture's rows repeat it.
 */
export class LabelRows {
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #labels: Uint8Array;
  readonly #placement: Placement;
  readonly #outHeight: number;
  readonly #channels: 1 | 3;
  readonly #row: number;
  /** Where in a painted row each label of a row begins, in bytes, and the end: width + 1 numbers. */
  readonly #starts: number;
  #current = -1;

  /** `labels`: the network's, networkHeight x networkWidth; `channels`: bytes of a painted pixel. */
  constructor(
    kernels: Kernels,
    arena: Arena,
    labels: Uint8Array,
    placement: Placement,
    outWidth: number,
    outHeight: number,
    channels: 1 | 3,
  ) {
    this.#kernels = kernels;
    this.#arena = arena;
    this.#labels = labels;
    this.#placement = placement;
    this.#outHeight = outHeight;
    this.#channels = channels;
    const { width } = placement;
    this.#row = arena.take(width);
    this.#starts = arena.take(4 * (width + 1));
    for (let i = 0; i <= width; i++) {
      // The first pixel whose centre, (x + 1/2) * width / outWidth, has reached i.
      const x = Math.max(0, Math.ceil((2 * i * outWidth - width) / (2 * width)));
      arena.int32[this.#starts / 4 + i] = channels * Math.min(x, outWidth);
    }
  }

  /** A palette (256 entries of `pitch` bytes, the first `channels` of which are painted) as `paint` needs it. */
  patterns(palette: Uint8Array, pitch: number): number {
    const address = this.#arena.take(256 * PATTERN_BYTES);
    const { bytes } = this.#arena;
    for (let label = 0, at = address; label < 256; label++) {
      for (let i = 0; i < PATTERN_BYTES; i++) {
        bytes[at++] = palette[label * pitch + (i % this.#channels)]!;
      }
    }
    return address;
  }

  /** Goes to the labels of the picture's row y; false when they are those of the row before. */
  moveTo(y: number): boolean {
    const { networkWidth, x, y: top, width, height } = this.#placement;
    const row = Math.floor(((2 * y + 1) * height) / (2 * this.#outHeight));
    if (row === this.#current) return false;
    this.#current = row;
    const at = (top + row) * networkWidth + x;
    this.#arena.bytes.set(this.#labels.subarray(at, at + width), this.#row);
    return true;
  }

  /** One row of the picture, painted with `patterns`. */
  paint(patterns: number, target: number): void {
    // As many whole pixels as one store covers.
    const advance = PATTERN_BYTES - (PATTERN_BYTES % this.#channels);
    this.#kernels.expandRow(this.#row, this.#placement.width, this.#starts, patterns, advance, target);
  }
}
