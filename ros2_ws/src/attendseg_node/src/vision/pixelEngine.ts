import { Arena } from './arena.js';
import { type Kernels, loadKernels } from './kernels.js';
import { LabelRows } from './labelRows.js';
import type { Placement } from './letterbox.js';
import { checkImage, type RawImage } from './rawImage.js';
import { Resizer } from './resizer.js';
import { type RgbRows, RowReader } from './rowReader.js';

/** The bars of a letterbox: this in every channel. */
export const PADDING_GRAY = 114;

/**
 * Pixels in, pixels out: pictures to network inputs, and label maps to pictures. One WebAssembly instance with a few
 * megabytes of memory, whatever the picture's height; integers only, so the results are the same on every CPU.
 *
 * All methods are synchronous and keep no state from call to call, so one engine serves any number of cameras.
 * Pictures are row-major without padding; `out` is filled completely and may be a part of a larger buffer.
 * A RangeError says that a buffer's length and the sizes given contradict each other.
 */
export class PixelEngine {
  readonly #kernels: Kernels;
  readonly #arena: Arena;

  private constructor(kernels: Kernels) {
    this.#kernels = kernels;
    this.#arena = new Arena(kernels.memory);
  }

  static async create(): Promise<PixelEngine> {
    return new PixelEngine(await loadKernels());
  }

  /** Bytes of WebAssembly memory; grows with the width of the pictures seen. */
  get memoryBytes(): number {
    return this.#arena.bytes.length;
  }

  /**
   * A picture to the network's input, `out`: networkHeight x networkWidth x 3, RGB. The picture is resized into the
   * placement's rectangle (area average where it shrinks, linear where it grows), with gray around it.
   * @returns the largest sample of an image of 16 bits a sample, scaled to 0-255; 255 for others
   * @throws ImageError when the image is not sound.
   */
  prepare(image: RawImage, placement: Placement, out: Uint8Array): number {
    const { x, y, width, height, networkWidth, networkHeight } = placement;
    expectLength('out', out, networkWidth * networkHeight * 3);
    const arena = this.#restart();
    const encoding = checkImage(image);
    const source = new Resizer(this.#kernels, arena, image, encoding, width, height);
    if (width < networkWidth || height < networkHeight) out.fill(PADDING_GRAY);
    for (let row = 0; row < height; row++) {
      const at = source.row(row);
      out.set(arena.bytes.subarray(at, at + 3 * width), ((y + row) * networkWidth + x) * 3);
    }
    return 'sampleBytes' in encoding && encoding.sampleBytes === 2 ? source.brightest : 255;
  }

  /**
   * Labels (networkHeight x networkWidth) back to a picture's size, `out`: outHeight x outWidth, each the nearest
   * label of the placement's rectangle, looked up in `lut` (256 bytes). Serves for any map of bytes.
   */
  mask(
    labels: Uint8Array,
    placement: Placement,
    lut: Uint8Array,
    outWidth: number,
    outHeight: number,
    out: Uint8Array,
  ): void {
    expectLength('lut', lut, 256);
    this.#paint(labels, placement, lut, 1, outWidth, outHeight, out);
  }

  /** As `mask`, in the colours of `palette` (256 x RGBA, A not used); `out`: outHeight x outWidth x 3. */
  colorMask(
    labels: Uint8Array,
    placement: Placement,
    palette: Uint8Array,
    outWidth: number,
    outHeight: number,
    out: Uint8Array,
  ): void {
    expectLength('palette', palette, 256 * 4);
    this.#paint(labels, placement, palette, 3, outWidth, outHeight, out);
  }

  /**
   * The picture with its labels' colours laid over it, `out`: outHeight x outWidth x 3, RGB. `opacity` is 0 (picture
   * only) to 1 (colours only). `palette` is 256 x RGBA; labels whose A is 0 leave the picture as it is.
   * @throws ImageError when the image is not sound.
   */
  overlay(
    image: RawImage,
    labels: Uint8Array,
    placement: Placement,
    palette: Uint8Array,
    opacity: number,
    outWidth: number,
    outHeight: number,
    out: Uint8Array,
  ): void {
    expectLength('labels', labels, placement.networkWidth * placement.networkHeight);
    expectLength('palette', palette, 256 * 4);
    expectLength('out', out, outWidth * outHeight * 3);
    const encoding = checkImage(image);
    const kernels = this.#kernels;
    const arena = this.#restart();
    const sameSize = image.width === outWidth && image.height === outHeight;
    const source: RgbRows = sameSize
      ? new RowReader(kernels, arena, image, encoding, 1)
      : new Resizer(kernels, arena, image, encoding, outWidth, outHeight);
    const labelRows = new LabelRows(kernels, arena, labels, placement, outWidth, outHeight, 3);

    const { tint, keep } = blendTables(palette, opacity);
    const tints = labelRows.patterns(tint, 4);
    const keeps = labelRows.patterns(keep, 4);
    const bytes = 3 * outWidth;
    const tintRow = arena.take(bytes);
    const keepRow = arena.take(bytes);
    const blended = arena.take(bytes);
    const result = arena.bytes.subarray(blended, blended + bytes);
    for (let y = 0; y < outHeight; y++) {
      if (labelRows.moveTo(y)) {
        labelRows.paint(tints, tintRow);
        labelRows.paint(keeps, keepRow);
      }
      kernels.blendRow(source.row(y), tintRow, keepRow, blended, bytes);
      out.set(result, y * bytes);
    }
  }

  #paint(
    labels: Uint8Array,
    placement: Placement,
    palette: Uint8Array,
    channels: 1 | 3,
    outWidth: number,
    outHeight: number,
    out: Uint8Array,
  ): void {
    expectLength('labels', labels, placement.networkWidth * placement.networkHeight);
    expectLength('out', out, outWidth * outHeight * channels);
    const arena = this.#restart();
    const labelRows = new LabelRows(this.#kernels, arena, labels, placement, outWidth, outHeight, channels);
    const patterns = labelRows.patterns(palette, channels === 1 ? 1 : 4);
    const bytes = channels * outWidth;
    const painted = arena.take(bytes);
    const result = arena.bytes.subarray(painted, painted + bytes);
    for (let y = 0; y < outHeight; y++) {
      if (labelRows.moveTo(y)) labelRows.paint(patterns, painted);
      out.set(result, y * bytes);
    }
  }

  #restart(): Arena {
    this.#arena.reset();
    return this.#arena;
  }
}

/**
 * By label, RGBA: blending is `tint + source * keep / 255`. The opacity is rounded to 1/255, so that 0 and 1 are exact.
 */
function blendTables(palette: Uint8Array, opacity: number): { tint: Uint8Array; keep: Uint8Array } {
  if (!(opacity >= 0 && opacity <= 1)) throw new RangeError(`opacity ${opacity} is not between 0 and 1`);
  const alphas = palette.map((_, i) => (palette[i | 3] === 0 ? 0 : Math.round(opacity * 255)));
  const tint = palette.map((channel, i) => Math.round((channel * alphas[i]!) / 255));
  const keep = alphas.map((alpha) => 255 - alpha);
  return { tint, keep };
}

function expectLength(name: string, array: Uint8Array, bytes: number): void {
  if (array.length !== bytes) throw new RangeError(`${name} has ${array.length} bytes instead of ${bytes}`);
}
