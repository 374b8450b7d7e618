import type { Arena } from './arena.js';
import {
  type BayerEncoding,
  type Encoding,
  type Plane,
  planesOf,
  type SemiPlanarEncoding,
} from './encodings.js';
import type { Kernels } from './kernels.js';
import type { RawImage } from './rawImage.js';

/** About how many bytes of source rows, and of rows made of them, are worked on at a time: a share of a small L2 cache. */
const BAND_BYTES = 96 * 1024;

/** Kept free on either side of a row of Bayer samples, for its mirrored neighbours. */
const BAYER_MARGIN = 16;

/** How many pixels of YUV one gather makes: two pairs, 12 bytes. */
const YUV_PIXELS = 4;

/** Rows of RGB bytes, from top to bottom. */
export interface RgbRows {
  /** The address of row y, valid until the next call; y never decreases. */
  row(y: number): number;
}

/**
 * The rows of an image of any encoding, in kernel memory, with three bytes a pixel. A window of a few rows moves down
 * the picture: every row is copied in once, and memory depends on the width alone.
 */
export class RowReader implements RgbRows {
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #image: RawImage;
  readonly #encoding: Encoding;
  readonly #planes: readonly Plane[];
  readonly #rowBytes: number;
  /** Rows [#start, #end) of the picture, at most #capacity: RGB, or YUV if the image is. */
  readonly #window: number;
  readonly #capacity: number;
  #start = 0;
  #end = 0;
  /** Where source rows are copied, at most #chunk at a time: one address a plane. */
  readonly #raw: readonly number[];
  readonly #chunk: number;
  /** Bayer rows of 8-bit samples, #bayerPitch apart. */
  readonly #bayer: number;
  readonly #bayerPitch: number;
  /** Swizzles for the encoding, 16 bytes each. */
  readonly #masks: number;
  /** Rows of U and V by turns, of planes that had them apart. */
  readonly #pairs: number;
  /** A row of RGB that was YUV. */
  readonly #rgb: number;
  #brightest = 0;

  /** `encoding`: what `checkImage` made of the image. `neighbours`: the most rows that `rows` will be asked for at a time. */
  constructor(kernels: Kernels, arena: Arena, image: RawImage, encoding: Encoding, neighbours: number) {
    this.#kernels = kernels;
    this.#arena = arena;
    this.#image = image;
    this.#encoding = encoding;
    this.#planes = planesOf(encoding, image.width, image.height, image.step);
    this.#rowBytes = 3 * image.width;
    this.#capacity = Math.max(neighbours, Math.floor(BAND_BYTES / this.#rowBytes));
    // Filters with zero weights at their end may touch two rows more.
    this.#window = arena.take((this.#capacity + 2) * this.#rowBytes);

    // An even number of rows, so that subsampled chroma is never cut; two more for a mosaic's neighbours.
    this.#chunk = 2 * Math.max(1, Math.floor(BAND_BYTES / this.#planes[0]!.rowBytes / 2));
    this.#raw = this.#planes.map(({ rowBytes }) => arena.take((this.#chunk + 2) * rowBytes));
    this.#bayerPitch = image.width + 2 * BAYER_MARGIN;
    this.#bayer =
      encoding.layout === 'bayer' ? arena.take((this.#chunk + 2) * this.#bayerPitch) + BAYER_MARGIN : 0;
    this.#rgb = arena.take(this.#rowBytes);
    this.#pairs = encoding.layout === 'planar' ? arena.take((this.#chunk / 2 + 1) * image.width) : 0;
    this.#masks = arena.take(64);
    arena.bytes.set(masksFor(encoding), this.#masks);
  }

  /** The largest 16-bit sample so far, scaled to 0-255; 0 if the samples have 8 bits. */
  get brightest(): number {
    return this.#brightest;
  }

  row(y: number): number {
    return this.toRgb(this.rows(y, 1), this.#rgb, this.#image.width);
  }

  /** Makes RGB of pixels that came from `rows`, resized perhaps: at `target` if need be, else where they are. */
  toRgb(source: number, target: number, pixels: number): number {
    if (!isYuv(this.#encoding)) return source;
    this.#kernels.yuvRow(source, target, pixels);
    return target;
  }

  /**
   * The address of rows y to y + count - 1, one after the other, RGB or YUV as the image is; valid until the next call.
   * y never decreases.
   */
  rows(y: number, count: number): number {
    if (y + count > this.#end) {
      const { bytes } = this.#arena;
      const kept = this.#address(y);
      bytes.copyWithin(this.#window, kept, Math.max(kept, this.#address(this.#end)));
      this.#start = y;
      this.#end = Math.max(y, this.#end);
      const end = Math.min(y + this.#capacity, this.#image.height);
      while (this.#end < end) {
        const rows = Math.min(this.#chunk, end - this.#end);
        this.#convert(this.#end, rows, this.#address(this.#end));
        this.#end += rows;
      }
    }
    return this.#address(y);
  }

  #address(y: number): number {
    return this.#window + (y - this.#start) * this.#rowBytes;
  }

  /** Rows y to y + rows - 1 of the picture to three bytes a pixel at `target`. */
  #convert(y: number, rows: number, target: number): void {
    const kernels = this.#kernels;
    const encoding = this.#encoding;
    const { width } = this.#image;
    const masks = this.#masks;
    const [raw, rawChroma] = this.#raw as [number, number, number];
    const rowBytes = this.#planes[0]!.rowBytes;
    const groups = Math.ceil(width / YUV_PIXELS);
    switch (encoding.layout) {
      case 'packed': {
        const { channels, rgb } = encoding;
        if (channels === 3 && rgb[0] === 0) {
          this.#copySamples(encoding, y, y + rows, target);
        } else {
          this.#copySamples(encoding, y, y + rows, raw);
          const pixels = pixelsPerGather(channels);
          const advance = pixels * channels;
          kernels.gather(raw, advance, target, 3 * pixels, masks, Math.ceil((rows * width) / pixels));
        }
        break;
      }
      case 'yuv422':
        this.#copy(0, y, y + rows, raw);
        for (let i = 0; i < rows; i++) {
          kernels.gather(raw + i * rowBytes, 8, target + i * this.#rowBytes, 12, masks, groups);
        }
        break;
      case 'semiPlanar': {
        const { chroma } = encoding;
        const firstChroma = Math.floor(y / chroma);
        this.#copy(0, y, y + rows, raw);
        this.#copy(1, firstChroma, Math.ceil((y + rows) / chroma), rawChroma);
        this.#join(y, rows, target, rawChroma, chroma);
        break;
      }
      case 'planar': {
        const first = Math.floor(y / 2);
        const last = Math.ceil((y + rows) / 2);
        this.#copy(0, y, y + rows, raw);
        for (const plane of [1, 2]) this.#copy(plane, first, last, this.#raw[plane]!);
        const [u, v] = [this.#raw[encoding.u]!, this.#raw[encoding.v]!];
        const eights = Math.ceil(((last - first) * width) / 16);
        kernels.gatherTwo(u, 8, v, 8, this.#pairs, 16, masks + 32, eights);
        this.#join(y, rows, target, this.#pairs, 2);
        break;
      }
      case 'bayer':
        this.#convertBayer(encoding, y, rows, target);
        break;
    }
  }

  /** Y from where it was copied and rows of UV pairs at `pairs`, one for every `chroma` rows, to YUV pixels. */
  #join(y: number, rows: number, target: number, pairs: number, chroma: 1 | 2): void {
    const { width } = this.#image;
    const luma = this.#raw[0]!;
    const pairBytes = (2 * width) / chroma;
    const first = Math.floor(y / chroma);
    const groups = Math.ceil(width / YUV_PIXELS);
    for (let i = 0; i < rows; i++) {
      const uv = pairs + (Math.floor((y + i) / chroma) - first) * pairBytes;
      const row = target + i * this.#rowBytes;
      this.#kernels.gatherTwo(luma + i * width, 4, uv, 8 / chroma, row, 12, this.#masks, groups);
    }
  }

  #convertBayer(encoding: BayerEncoding, y: number, rows: number, target: number): void {
    const kernels = this.#kernels;
    const { width, height } = this.#image;
    const first = Math.max(0, y - 1);
    const last = Math.min(height - 1, y + rows);
    const [raw] = this.#raw as [number];
    const { redX, redY } = encoding;
    this.#copySamples(encoding, first, last + 1, raw);
    const address = (row: number): number => {
      const mirrored = row < 0 ? 1 : row === height ? height - 2 : row;
      return this.#bayer + (mirrored - first) * this.#bayerPitch;
    };
    for (let row = first; row <= last; row++) {
      const source = raw + (row - first) * width;
      kernels.gather(source, 16, address(row), 16, this.#masks, Math.ceil(width / 16));
    }
    for (let i = 0; i < rows; i++) {
      const row = y + i;
      const redRow = row % 2 === redY;
      kernels.bayerRow(
        address(row - 1),
        address(row),
        address(row + 1),
        target + i * this.#rowBytes,
        width,
        redRow ? redX : 1 - redX,
        Number(redRow),
      );
    }
  }

  /** Source rows [begin, end) of the only plane to kernel memory, without their padding and with a byte a sample. */
  #copySamples({ sampleBytes }: { sampleBytes: 1 | 2 }, begin: number, end: number, target: number): void {
    if (sampleBytes === 1) {
      this.#copy(0, begin, end, target);
      return;
    }
    const [raw] = this.#raw as [number];
    this.#copy(0, begin, end, raw);
    const samples = ((end - begin) * this.#planes[0]!.rowBytes) / 2;
    const { bitDepth = 16, isBigEndian } = this.#image;
    const largest = this.#kernels.narrow(raw, target, samples, bitDepth - 8, isBigEndian ? 1 : 0);
    this.#brightest = Math.max(this.#brightest, largest);
  }

  /** Source rows [begin, end) of a plane to kernel memory, without their padding. */
  #copy(plane: number, begin: number, end: number, target: number): void {
    const { offset, pitch, rowBytes } = this.#planes[plane]!;
    const { data } = this.#image;
    const { bytes } = this.#arena;
    if (pitch === rowBytes) {
      bytes.set(data.subarray(offset + begin * pitch, offset + end * pitch), target);
      return;
    }
    for (let y = begin; y < end; y++) {
      const at = offset + y * pitch;
      bytes.set(data.subarray(at, at + rowBytes), target + (y - begin) * rowBytes);
    }
  }
}

/** How many pixels one gather of 16 bytes makes; five RGB pixels are all that fit. */
function pixelsPerGather(channels: number): number {
  return Math.min(5, Math.floor(16 / channels));
}

function isYuv({ layout }: Encoding): boolean {
  return layout === 'yuv422' || layout === 'semiPlanar' || layout === 'planar';
}

/** The swizzles that the kernels need for an encoding; index 255 makes a zero byte. */
function masksFor(encoding: Encoding): number[] {
  /** Three bytes for each of `count` pixels, padded to 16. */
  const pixels = (count: number, bytesOf: (pixel: number) => readonly number[]): number[] =>
    Array.from({ length: 16 }, (_, i) => (i < 3 * count ? bytesOf(Math.floor(i / 3))[i % 3]! : 255));
  const join = ({ chroma, u, v }: Omit<SemiPlanarEncoding, 'layout'>): number[] => {
    const luma = pixels(YUV_PIXELS, (pixel) => [pixel, 255, 255]);
    const pairs = pixels(YUV_PIXELS, (pixel) => {
      const pair = 2 * Math.floor(pixel / chroma);
      return [255, pair + u, pair + v];
    });
    return [...luma, ...pairs];
  };
  switch (encoding.layout) {
    case 'packed': {
      const { channels, rgb } = encoding;
      return pixels(pixelsPerGather(channels), (pixel) => rgb.map((at) => pixel * channels + at));
    }
    case 'yuv422': {
      const { y, u, v } = encoding;
      return pixels(YUV_PIXELS, (pixel) => {
        const pair = 4 * (pixel >> 1);
        return [2 * pixel + y, pair + u, pair + v];
      });
    }
    case 'semiPlanar':
      return join(encoding);
    case 'planar': {
      const turns = (plane: 0 | 1): number[] =>
        Array.from({ length: 16 }, (_, i) => (i % 2 === plane ? i >> 1 : 255));
      return [...join({ chroma: 2, u: 0, v: 1 }), ...turns(0), ...turns(1)];
    }
    case 'bayer':
      return Array.from({ length: 16 }, (_, i) => i);
  }
}
