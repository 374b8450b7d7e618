import { Arena } from '../vision/arena.js';
import { type Kernels, loadKernels } from '../vision/kernels.js';
import { linearTaps, type LinearTaps, logitsToLabels } from './labels.js';
import type { Grid } from './tensors.js';

/** Bytes of a float32. */
const FLOAT = 4;
/** Floats beside each row of a class: one in front, and what whole vectors read behind it. */
const MARGIN = 8;

/**
 * logitsToLabels at the speed of vectors, for finite logits that are enlarged a whole number of times to the side; for
 * others it is that function. The memory that it takes stays for the next picture.
 */
export class LogitReader {
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  /** Those of the picture before, which has had the same size. */
  #down: { readonly rows: number; readonly height: number; readonly taps: LinearTaps } | undefined;

  private constructor(kernels: Kernels) {
    this.#kernels = kernels;
    this.#arena = new Arena(kernels.memory);
  }

  static async create(): Promise<LogitReader> {
    return new LogitReader(await loadKernels());
  }

  /** Bytes of WebAssembly memory. */
  get memoryBytes(): number {
    return this.#arena.bytes.length;
  }

  /**
   * See logitsToLabels. Values between logits are worked out in float32, so where two classes all but tie the other may
   * win; confidence is the same but for one of 255.
   * @param temperature what logits are divided by for the confidence
   */
  read(
    raw: Float32Array,
    classes: number,
    grid: Grid,
    width: number,
    height: number,
    labels: Uint8Array,
    confidence: Uint8Array | undefined,
    temperature: number,
  ): boolean {
    const { columns, rows, channelStride, pixelStride } = grid;
    const scale = width / columns;
    const slowly = (): boolean =>
      logitsToLabels(raw, classes, grid, width, height, labels, confidence, temperature);
    if (!Number.isInteger(scale)) return slowly();
    const arena = this.#arena;
    const kernels = this.#kernels;
    arena.reset();
    const source = arena.take(FLOAT * raw.length);
    arena.float32.set(raw, source / FLOAT);
    if (kernels.areFinite(source, raw.length) === 0) return slowly();

    const isPlanar = pixelStride === 1;
    // All classes of a row.
    const blended = arena.take(isPlanar ? 0 : FLOAT * classes * columns);
    const pitch = FLOAT * (columns + MARGIN);
    const planes = arena.take(classes * pitch) + FLOAT;
    const columnIds = arena.take(pitch) + FLOAT;
    const ids = arena.take(width * height + 4 * scale);
    const sure = confidence === undefined ? 0 : arena.take(width * height + 4 * scale);
    const down = this.#tapsOf(rows, height);
    for (let y = 0; y < height; y++) {
      const above = source + FLOAT * down.from[y]! * columns * pixelStride;
      const below = source + FLOAT * down.to[y]! * columns * pixelStride;
      const share = down.share[y]!;
      if (isPlanar) {
        const stride = FLOAT * channelStride;
        kernels.blendPlanes(above, below, stride, share, classes, columns, planes, pitch);
      } else {
        kernels.blendFloats(above, below, share, blended, classes * columns);
        kernels.toPlanes(blended, classes, columns, planes, pitch);
      }
      kernels.strongest(
        planes,
        pitch,
        classes,
        columns,
        scale,
        columnIds,
        ids + y * width,
        confidence === undefined ? 0 : sure + y * width,
        1 / temperature,
      );
    }
    labels.set(arena.bytes.subarray(ids, ids + width * height));
    confidence?.set(arena.bytes.subarray(sure, sure + width * height));
    return true;
  }

  #tapsOf(rows: number, height: number): LinearTaps {
    if (this.#down?.rows !== rows || this.#down.height !== height)
      this.#down = { rows, height, taps: linearTaps(rows, height) };
    return this.#down.taps;
  }
}
