import { beforeAll, describe, expect, it } from '@jest/globals';
import { ENCODING_NAMES } from '#vision/encodings.js';
import { ImageError } from '#vision/imageError.js';
import { place } from '#vision/letterbox.js';
import { PixelEngine } from '#vision/pixelEngine.js';
import { checkImage } from '#vision/rawImage.js';
import * as reference from './reference.js';
import { noise } from './samples.js';

/** Pictures are tiled from a cell, so that the golden pixels fit on a line: 16 x 16 is the smallest image. */
const SIDE = 16;

let engine: PixelEngine;
beforeAll(async () => {
  engine = await PixelEngine.create();
});

/** Repeats `bytes` over `rows` rows of `rowBytes` each. */
function tile(bytes: number[], rowBytes: number, rows: number): number[] {
  return Array.from({ length: rowBytes * rows }, (_, i) => bytes[(i % rowBytes) % bytes.length]!);
}

function decode(encoding: string, step: number, data: number[], isBigEndian = false): number[] {
  const out = new Uint8Array(SIDE * SIDE * 3);
  const image = { width: SIDE, height: SIDE, encoding, isBigEndian, step, data: Uint8Array.from(data) };
  engine.prepare(image, place(SIDE, SIDE, SIDE, SIDE, 'stretch'), out);
  return [...out];
}

/** Pixel (x, y) of `decode`'s result. */
function pixel(rgb: number[], x: number, y: number): number[] {
  return rgb.slice((y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3);
}

describe('packed encodings, by hand', () => {
  /** Two pixels of each, as bytes; big-endian ones the second time. All make the same two colours. */
  const COLOURS = [10, 20, 30, 40, 50, 60];
  it.each([
    ['rgb8', false, [10, 20, 30, 40, 50, 60]],
    ['bgr8', false, [30, 20, 10, 60, 50, 40]],
    ['8UC3', false, [30, 20, 10, 60, 50, 40]],
    ['rgba8', false, [10, 20, 30, 9, 40, 50, 60, 9]],
    ['bgra8', false, [30, 20, 10, 9, 60, 50, 40, 9]],
    ['8UC4', false, [30, 20, 10, 9, 60, 50, 40, 9]],
    ['rgb16', false, [1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60]],
    ['rgb16', true, [10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60, 6]],
    ['bgr16', false, [1, 30, 2, 20, 3, 10, 4, 60, 5, 50, 6, 40]],
    ['bgr16', true, [30, 1, 20, 2, 10, 3, 60, 4, 50, 5, 40, 6]],
    ['16UC3', false, [1, 30, 2, 20, 3, 10, 4, 60, 5, 50, 6, 40]],
    ['16UC4', true, [30, 1, 20, 2, 10, 3, 9, 4, 60, 1, 50, 2, 40, 3, 9, 4]],
    ['rgba16', false, [1, 10, 2, 20, 3, 30, 4, 9, 1, 40, 2, 50, 3, 60, 4, 9]],
    ['rgba16', true, [10, 1, 20, 2, 30, 3, 9, 4, 40, 1, 50, 2, 60, 3, 9, 4]],
    ['bgra16', false, [1, 30, 2, 20, 3, 10, 4, 9, 1, 60, 2, 50, 3, 40, 4, 9]],
    ['bgra16', true, [30, 1, 20, 2, 10, 3, 9, 4, 60, 1, 50, 2, 40, 3, 9, 4]],
  ] as const)('%s, big-endian %p', (encoding, isBigEndian, cell) => {
    const step = (cell.length / 2) * SIDE;
    const data = tile([...cell], step, SIDE);
    expect(decode(encoding, step, data, isBigEndian)).toEqual(tile(COLOURS, SIDE * 3, SIDE));
  });

  it.each([
    ['mono8', false, [10, 200]],
    ['8UC1', false, [10, 200]],
    ['mono16', false, [1, 10, 2, 200]],
    ['mono16', true, [10, 1, 200, 2]],
  ] as const)('%s, big-endian %p', (encoding, isBigEndian, cell) => {
    const step = (cell.length / 2) * SIDE;
    const data = tile([...cell], step, SIDE);
    expect(decode(encoding, step, data, isBigEndian)).toEqual(
      tile([10, 10, 10, 200, 200, 200], SIDE * 3, SIDE),
    );
  });
});

describe('YUV encodings, by hand', () => {
  // BT.601 limited range: 1.164 * (76 - 16) = 69.9 and 1.164 * (180 - 16) = 190.9; U - 128 = 10, V - 128 = 30:
  // + 1.596 * 30 = 47.9 for red, - 0.813 * 30 - 0.391 * 10 = -28.3 for green, + 2.018 * 10 = 20.2 for blue.
  const [Y0, Y1, U, V] = [76, 180, 138, 158];
  const COLOURS = tile([118, 42, 90, 239, 163, 211], SIDE * 3, SIDE);
  const luma = tile([Y0, Y1], SIDE, SIDE);

  it.each([
    ['yuyv', [Y0, U, Y1, V]],
    ['yuv422_yuy2', [Y0, U, Y1, V]],
    ['yuy2', [Y0, U, Y1, V]],
    ['YUYV', [Y0, U, Y1, V]],
    ['uyvy', [U, Y0, V, Y1]],
    ['yuv422', [U, Y0, V, Y1]],
    ['UYVY', [U, Y0, V, Y1]],
  ])('%s', (encoding, cell) => {
    expect(decode(encoding, 2 * SIDE, tile(cell, 2 * SIDE, SIDE))).toEqual(COLOURS);
  });

  it.each([
    ['nv12', [U, V], SIDE / 2],
    ['nv21', [V, U], SIDE / 2],
    ['NV12', [U, V], SIDE / 2],
    ['nv24', [U, V], 2 * SIDE],
  ])('%s', (encoding, pair, rows) => {
    expect(decode(encoding, SIDE, [...luma, ...tile(pair, SIDE, rows)])).toEqual(COLOURS);
  });

  it.each([
    ['i420', U, V],
    ['yuv420p', U, V],
    ['yv12', V, U],
  ])('%s', (encoding, first, second) => {
    const quarter = (SIDE * SIDE) / 4;
    const chroma = [first, second].flatMap((value) => tile([value], quarter, 1));
    const data = [...luma, ...chroma];
    expect(decode(encoding, SIDE, data)).toEqual(COLOURS);
  });

  it('takes chroma from the right pair', () => {
    const data = [...tile([126], SIDE, SIDE), ...tile([128], SIDE, SIDE / 2)];
    data[SIDE * SIDE + SIDE + 2] = 228; // U of pixels 2..3 in rows 2..3: + 201.8 blue, - 39.1 green
    const rgb = decode('nv12', SIDE, data);
    const blue = [
      [2, 2],
      [3, 2],
      [2, 3],
      [3, 3],
    ].map(([x, y]) => pixel(rgb, x!, y!));
    expect(blue).toEqual(Array(4).fill([128, 89, 255]));
    expect(rgb.filter((value) => value === 128)).toHaveLength(SIDE * SIDE * 3 - 8);
  });

  it('clamps', () => {
    expect(
      pixel(decode('nv12', SIDE, [...tile([255], SIDE, SIDE), ...tile([0], SIDE, SIDE / 2)]), 5, 5),
    ).toEqual([74, 255, 20]);
    expect(
      pixel(decode('nv12', SIDE, [...tile([0], SIDE, SIDE), ...tile([255], SIDE, SIDE / 2)]), 5, 5),
    ).toEqual([203, 0, 255]);
  });
});

describe('Bayer encodings, by hand', () => {
  // A flat field of red 200, green 100, blue 40 comes out flat, edges and corners too, if the tile is read right.
  const value = { r: 200, g: 100, b: 40 } as Record<string, number>;
  const flat = (pattern: string): number[] =>
    Array.from({ length: SIDE * SIDE }, (_, i) => value[pattern[(Math.floor(i / SIDE) % 2) * 2 + (i % 2)]!]!);

  it.each(['rggb', 'bggr', 'gbrg', 'grbg'])('%s, 8 and 16 bits', (pattern) => {
    const colours = tile([200, 100, 40], SIDE * 3, SIDE);
    const samples = flat(pattern);
    expect(decode(`bayer_${pattern}8`, SIDE, samples)).toEqual(colours);
    expect(
      decode(
        `bayer_${pattern}16`,
        2 * SIDE,
        samples.flatMap((high) => [7, high]),
      ),
    ).toEqual(colours);
    expect(
      decode(
        `bayer_${pattern}16`,
        2 * SIDE,
        samples.flatMap((high) => [high, 7]),
        true,
      ),
    ).toEqual(colours);
  });

  it('interpolates linearly between the nearest of a colour', () => {
    const samples = new Array<number>(SIDE * SIDE).fill(0);
    samples[4 * SIDE + 4] = 200; // one red pixel of rggb
    const rgb = decode('bayer_rggb8', SIDE, samples);
    const reds = [3, 4, 5].map((y) => [3, 4, 5].map((x) => pixel(rgb, x, y)[0]));
    expect(reds).toEqual([
      [50, 100, 50],
      [100, 200, 100],
      [50, 100, 50],
    ]);
    expect(rgb.filter((channel) => channel > 0)).toHaveLength(9);
  });
});

it('documents every encoding that the design asks for', () => {
  expect(ENCODING_NAMES).toEqual(
    [
      'rgb8 bgr8 rgba8 bgra8 mono8 rgb16 bgr16 rgba16 bgra16 mono16 8UC1 8UC3 8UC4',
      '16UC3 16UC4',
      'uyvy yuv422 yuyv yuv422_yuy2 yuy2 nv12 nv21 nv24 i420 yuv420p yv12',
      'bayer_rggb8 bayer_bggr8 bayer_gbrg8 bayer_grbg8 bayer_rggb16 bayer_bggr16 bayer_gbrg16 bayer_grbg16',
    ]
      .join(' ')
      .split(' '),
  );
});

describe('16-bit samples of which the camera fills fewer', () => {
  const shown = (encoding: string, bitDepth: number, samples: number[], isBigEndian = false): number[] => {
    const bytes = samples.flatMap((value) =>
      isBigEndian ? [value >> 8, value & 255] : [value & 255, value >> 8],
    );
    const data = Uint8Array.from(tile(bytes, 2 * SIDE, SIDE));
    const out = new Uint8Array(SIDE * SIDE * 3);
    const image = { width: SIDE, height: SIDE, encoding, isBigEndian, step: 2 * SIDE, data, bitDepth };
    const brightest = engine.prepare(image, place(SIDE, SIDE, SIDE, SIDE, 'stretch'), out);
    return [out[0]!, out[3]!, out[6]!, out[9]!, brightest];
  };

  it.each([8, 9, 10, 11, 12, 13, 14, 15, 16])('%p bits', (bitDepth) => {
    const top = 2 ** bitDepth - 1;
    const samples = [0, top >> 1, top, Math.round(top / 4)];
    const expected = [...samples.map((value) => value >> (bitDepth - 8)), 255];
    expect(shown('mono16', bitDepth, samples)).toEqual(expected);
    expect(shown('mono16', bitDepth, samples, true)).toEqual(expected);
    // Values beyond are as white as can be, not black again.
    if (bitDepth < 16)
      expect(shown('mono16', bitDepth, [0, top + 1, 65535, 40000])).toEqual([0, 255, 255, 255, 255]);
  });

  it('tells the largest sample, whatever lies behind the picture in memory', () => {
    expect(shown('mono16', 16, [0, 4095, 1000, 17])[4]).toBe(15);
    expect(shown('mono16', 12, [0, 4095, 1000, 17])[4]).toBe(255);
    const width = 19;
    const data = new Uint8Array(2 * width * SIDE).fill(3);
    const image = { width, height: SIDE, encoding: 'mono16', isBigEndian: false, step: 2 * width, data };
    const out = new Uint8Array(width * SIDE * 3);
    shown('mono16', 8, [255]);
    expect(engine.prepare(image, place(width, SIDE, width, SIDE, 'stretch'), out)).toBe(3);
  });

  it('says nothing of 8-bit images', () => {
    const out = new Uint8Array(SIDE * SIDE * 3);
    const image = { width: SIDE, height: SIDE, encoding: 'rgb8', isBigEndian: false, step: 3 * SIDE };
    const data = new Uint8Array(3 * SIDE * SIDE);
    expect(engine.prepare({ ...image, data }, place(SIDE, SIDE, SIDE, SIDE, 'stretch'), out)).toBe(255);
  });
});

describe('odd sizes are right or refused, never shifted', () => {
  const sizes = [
    [17, 16],
    [16, 17],
    [19, 23],
  ] as const;
  it.each(ENCODING_NAMES.flatMap((name) => sizes.map(([width, height]) => [name, width, height] as const)))(
    '%s %px%p',
    (encoding, width, height) => {
      // Room for any encoding: the largest has eight bytes a pixel.
      const step = 8 * width + (width % 2);
      const rows =
        encoding === 'nv24'
          ? 3 * height
          : /^(nv|i420|yuv420p|yv12)/.test(encoding)
            ? (3 * height) / 2
            : height;
      const image = {
        width,
        height,
        encoding,
        isBigEndian: false,
        step,
        data: noise(step * Math.floor(rows), 3),
      };
      let refused: unknown;
      try {
        checkImage(image);
      } catch (error) {
        refused = error;
      }
      if (refused !== undefined) {
        expect(refused).toBeInstanceOf(ImageError);
        expect((refused as ImageError).reason).toBe('size');
        return;
      }
      const placement = place(width, height, width, height, 'stretch');
      const out = new Uint8Array(width * height * 3);
      engine.prepare(image, placement, out);
      expect(Buffer.compare(out, reference.prepare(image, placement))).toBe(0);
    },
  );
});
