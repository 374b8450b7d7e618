import type { Arena } from './arena.js';
import type { Encoding } from './encodings.js';
import type { Kernels } from './kernels.js';
import type { RawImage } from './rawImage.js';
import { RowReader, type RgbRows } from './rowReader.js';
import { makeTaps, type Taps } from './taps.js';

/**
 * The rows of an image, resized, as RGB bytes in kernel memory. Columns are filtered first: that is the same work for
 * every byte of a row, and leaves the costlier half with as few rows as the target has. YUV is resized as it is, and
 * made RGB in the end, where there are fewer pixels as a rule.
 */
export class Resizer implements RgbRows {
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #source: RowReader;
  readonly #sourceWidth: number;
  readonly #sourceHeight: number;
  readonly #width: number;
  readonly #columns: Taps;
  readonly #rows: Taps;
  readonly #filtered: number;
  readonly #resized: number;
  readonly #rgb: number;

  /** `encoding`: what `checkImage` made of the image. */
  constructor(
    kernels: Kernels,
    arena: Arena,
    image: RawImage,
    encoding: Encoding,
    width: number,
    height: number,
  ) {
    this.#kernels = kernels;
    this.#arena = arena;
    this.#sourceWidth = image.width;
    this.#sourceHeight = image.height;
    this.#width = width;
    this.#columns = makeTaps(arena, image.height, height);
    this.#rows = makeTaps(arena, image.width, width);
    this.#source = new RowReader(kernels, arena, image, encoding, this.#columns.count);
    this.#filtered = arena.take(6 * (image.width + 2));
    this.#resized = arena.take(3 * width);
    this.#rgb = arena.take(3 * width);
  }

  /** As RowReader's. */
  get brightest(): number {
    return this.#source.brightest;
  }

  row(y: number): number {
    const { firsts, weights, count } = this.#columns;
    const first = this.#arena.int32[firsts / 4 + y]!;
    const source = this.#source.rows(first, Math.min(count, this.#sourceHeight - first));
    const bytes = 3 * this.#sourceWidth;
    this.#kernels.filterColumns(source, bytes, weights + 2 * count * y, count, this.#filtered, bytes);
    const { firsts: at, weights: across, count: taps } = this.#rows;
    this.#kernels.filterRow(this.#filtered, at, across, taps, this.#resized, this.#width);
    return this.#source.toRgb(this.#resized, this.#rgb, this.#width);
  }
}
