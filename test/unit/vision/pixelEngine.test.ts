import { beforeAll, describe, expect, it } from '@jest/globals';
import { ENCODING_NAMES } from '#vision/encodings.js';
import { ImageError } from '#vision/imageError.js';
import { place, type Fit, type Placement } from '#vision/letterbox.js';
import { PixelEngine } from '#vision/pixelEngine.js';
import * as reference from './reference.js';
import { noise, sample } from './samples.js';

/** Looked up once: in jest's sandbox each look-up of a global is slow. */
const { abs, floor, max, min, round } = Math;

const IDENTITY = Uint8Array.from({ length: 256 }, (_, i) => i);
/** RGBA; 255 and two others are not tinted. */
const UNTINTED = [2, 7, 255];
const PALETTE = noise(1024, 7).map((value, i) =>
  i % 4 < 3 ? value : UNTINTED.includes(floor(i / 4)) ? 0 : 255,
);

let engine: PixelEngine;
beforeAll(async () => {
  engine = await PixelEngine.create();
});

/** Fails on the first differing byte, and quickly: toEqual takes seconds for a megabyte. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((value, i) => value !== expected[i]);
  throw new Error(`byte ${at} is ${String(actual[at])} instead of ${String(expected[at])}`);
}

/** Even where the encoding must be, else odd; never a multiple of the kernels' vectors. */
function sizes(encoding: string): [number, number][] {
  const odd = !/^(yu|uy|yv|i4|nv1|nv2)/.test(encoding) || encoding === 'nv24';
  return odd
    ? [
        [17, 16],
        [53, 37],
        [131, 99],
      ]
    : [
        [18, 16],
        [54, 38],
        [130, 98],
      ];
}

describe('prepare', () => {
  describe.each([...ENCODING_NAMES])('%s', (encoding) => {
    it.each([
      [0, false],
      [6, true],
    ])('equals the reference: padding %i, big-endian %p', (padding, isBigEndian) => {
      for (const [width, height] of sizes(encoding)) {
        const image = sample(encoding, width, height, padding, isBigEndian);
        for (const [network, fit] of [
          [[64, 48], 'letterbox'],
          [[40, 72], 'stretch'],
        ] as [[number, number], Fit][]) {
          const placement = place(width, height, ...network, fit);
          const out = new Uint8Array(network[0] * network[1] * 3);
          engine.prepare(image, placement, out);
          expectSame(out, reference.prepare(image, placement));
        }
      }
    });
  });

  it.each(['rgb8', 'bgr8', 'yuyv', 'nv12', 'bayer_grbg8', 'rgba16'])(
    '%s: pictures of many bands',
    (encoding) => {
      const image = sample(encoding, 2050, 230);
      const placement = place(2050, 230, 96, 96, 'stretch');
      const out = new Uint8Array(96 * 96 * 3);
      engine.prepare(image, placement, out);
      expectSame(out, reference.prepare(image, placement));
    },
  );

  it.each([
    [8192, 16],
    [16, 8192],
    [8192, 767],
  ])('%i x %i: the extremes', (width, height) => {
    const image = sample('mono8', width, height);
    const placement = place(width, height, 16, 16, 'letterbox');
    const out = new Uint8Array(16 * 16 * 3);
    engine.prepare(image, placement, out);
    // Thousands of pixels of noise, averaged: gray all over, or the padding.
    for (const value of out) expect(abs(value - 120)).toBeLessThan(16);
  });

  it('averages areas: within one level of the exact mean', () => {
    const image = sample('mono8', 101, 67);
    const placement = place(101, 67, 29, 23, 'stretch');
    const out = new Uint8Array(29 * 23 * 3);
    engine.prepare(image, placement, out);
    const overlap = (k: number, i: number, source: number, target: number): number =>
      max(0, min(k + 1, ((i + 1) * source) / target) - max(k, (i * source) / target));
    for (let y = 0; y < 23; y++) {
      for (let x = 0; x < 29; x++) {
        let sum = 0;
        for (let j = 0; j < 67; j++) {
          for (let i = 0; i < 101; i++)
            sum += overlap(i, x, 101, 29) * overlap(j, y, 67, 23) * image.data[j * 101 + i]!;
        }
        expect(abs(out[(y * 29 + x) * 3]! - (sum * 29 * 23) / (101 * 67))).toBeLessThan(0.6);
      }
    }
  });

  it('enlarges linearly between pixel centres', () => {
    const image = { ...sample('mono8', 16, 16), data: new Uint8Array(256).map((_, i) => (i % 16) * 16) };
    const out = new Uint8Array(32 * 32 * 3);
    engine.prepare(image, place(16, 16, 32, 32, 'stretch'), out);
    const row = Array.from({ length: 32 }, (_, x) => out[x * 3]);
    expect(row).toEqual([0, ...Array.from({ length: 30 }, (_, i) => 4 + 8 * i), 240]);
  });

  it('copies a picture of the network size', () => {
    const image = sample('rgb8', 64, 48);
    const out = new Uint8Array(64 * 48 * 3);
    engine.prepare(image, place(64, 48, 64, 48, 'letterbox'), out);
    expectSame(out, image.data);
  });

  it('surrounds the picture with gray', () => {
    const out = new Uint8Array(32 * 32 * 3);
    const image = { ...sample('rgb8', 32, 16), data: new Uint8Array(32 * 16 * 3).fill(200) };
    engine.prepare(image, place(32, 16, 32, 32, 'letterbox'), out);
    expect([...new Set(out.subarray(0, 32 * 8 * 3))]).toEqual([114]);
    expect([...new Set(out.subarray(32 * 8 * 3, 32 * 24 * 3))]).toEqual([200]);
    expect([...new Set(out.subarray(32 * 24 * 3))]).toEqual([114]);
  });
});

describe('mask, colorMask', () => {
  const NETWORK = 96;
  const labels = noise(NETWORK * NETWORK, 3);

  it.each([
    [640, 480],
    [1920, 1080],
    [97, 31],
    [16, 777],
    [96, 96],
    [40, 30],
    [8192, 16],
  ])('%i x %i equals the reference', (width, height) => {
    for (const fit of ['letterbox', 'stretch'] as const) {
      const placement = place(width, height, NETWORK, NETWORK, fit);
      const ids = reference.labelsOf(labels, placement, width, height);
      const gray = new Uint8Array(width * height);
      const lut = noise(256, 5);
      engine.mask(labels, placement, lut, width, height, gray);
      expectSame(
        gray,
        ids.map((id) => lut[id]!),
      );
      const rgb = new Uint8Array(width * height * 3);
      engine.colorMask(labels, placement, PALETTE, width, height, rgb);
      expectSame(
        rgb,
        rgb.map((_, i) => PALETTE[ids[floor(i / 3)]! * 4 + (i % 3)]!),
      );
    }
  });

  it('gives every pixel the label of the network pixel that it was resized into', () => {
    for (let width = 16; width < 1500; width = Math.ceil(width * 1.61)) {
      for (let height = 16; height < 1500; height = Math.ceil(height * 1.73)) {
        const placement = place(width, height, NETWORK, NETWORK, 'letterbox');
        const mask = new Uint8Array(width * height);
        const column = Uint8Array.from({ length: NETWORK * NETWORK }, (_, i) => i % NETWORK);
        const row = Uint8Array.from({ length: NETWORK * NETWORK }, (_, i) => floor(i / NETWORK));
        engine.mask(column, placement, IDENTITY, width, height, mask);
        const columns = mask.slice(0, width);
        engine.mask(row, placement, IDENTITY, width, height, mask);
        const rows = Uint8Array.from({ length: height }, (_, y) => mask[y * width]!);
        for (const [values, first, count] of [
          [columns, placement.x, placement.width],
          [rows, placement.y, placement.height],
        ] as const) {
          // The centre of pixel i, carried into the network's picture, lies inside the pixel whose label it got.
          const wrong = values.findIndex((value, i) => {
            const position = first + ((i + 0.5) * count) / values.length;
            return !(value <= position && position < value + 1);
          });
          expect(wrong).toBe(-1);
        }
      }
    }
  });

  it('never shows the padding', () => {
    const placement = place(333, 77, NETWORK, NETWORK, 'letterbox');
    const { x, y, width, height } = placement;
    const inside = (i: number): boolean =>
      i % NETWORK >= x && i % NETWORK < x + width && i >= y * NETWORK && i < (y + height) * NETWORK;
    const framed = Uint8Array.from({ length: NETWORK * NETWORK }, (_, i) => (inside(i) ? 1 : 2));
    const mask = new Uint8Array(333 * 77);
    engine.mask(framed, placement, IDENTITY, 333, 77, mask);
    expect([...new Set(mask)]).toEqual([1]);
  });
});

describe('overlay', () => {
  const labels = noise(64 * 64, 9).map((value) => (value < 50 ? 255 : value % 12));

  it.each([
    ['rgb8', 131, 99],
    ['bgr8', 53, 37],
    ['yuyv', 130, 99],
    ['nv12', 130, 98],
    ['i420', 130, 98],
    ['yv12', 1030, 120],
    ['nv24', 131, 99],
    ['bayer_rggb8', 131, 99],
    ['mono16', 54, 37],
    ['rgb8', 1030, 120],
  ])('%s, %i x %i equals the reference', (encoding, width, height) => {
    const image = sample(encoding, width, height, 4);
    const placement = place(width, height, 64, 64, 'letterbox');
    for (const [outWidth, outHeight, opacity] of [
      [width, height, 0.5],
      [80, 61, 0.3],
      [150, 140, 0.77],
    ] as const) {
      const out = new Uint8Array(outWidth * outHeight * 3);
      engine.overlay(image, labels, placement, PALETTE, opacity, outWidth, outHeight, out);
      expectSame(out, reference.overlay(image, labels, placement, PALETTE, opacity, outWidth, outHeight));
    }
  });

  it('shows the picture alone at 0, the colours alone at 1, and the picture where a label has no colour', () => {
    const image = sample('rgb8', 64, 64);
    const placement = place(64, 64, 64, 64, 'letterbox');
    const [out, colours] = [new Uint8Array(64 * 64 * 3), new Uint8Array(64 * 64 * 3)];
    engine.overlay(image, labels, placement, PALETTE, 0, 64, 64, out);
    expectSame(out, image.data);
    engine.overlay(image, labels, placement, PALETTE, 1, 64, 64, out);
    engine.colorMask(labels, placement, PALETTE, 64, 64, colours);
    expectSame(
      out,
      colours.map((value, i) => (UNTINTED.includes(labels[floor(i / 3)]!) ? image.data[i]! : value)),
    );
  });

  it('blends every byte with every opacity as round(x / 255) says', () => {
    const image = { ...sample('mono8', 16, 16), data: IDENTITY };
    const placement = place(16, 16, 16, 16, 'letterbox');
    const out = new Uint8Array(16 * 16 * 3);
    const black = new Uint8Array(1024).map((_, i) => (i % 4 === 3 ? 255 : 0));
    for (let alpha = 0; alpha <= 255; alpha++) {
      engine.overlay(image, new Uint8Array(256), placement, black, alpha / 255, 16, 16, out);
      expectSame(
        out,
        out.map((_, i) => round((floor(i / 3) * (255 - alpha)) / 255)),
      );
    }
  });
});

describe('buffers', () => {
  const placement = place(64, 48, 32, 32, 'letterbox');
  const labels = noise(32 * 32);
  const image = sample('rgb8', 64, 48);
  type Operation = [string, number, (out: Uint8Array) => void];
  const operations: Operation[] = [
    [
      'prepare',
      32 * 32 * 3,
      (out) => {
        engine.prepare(image, placement, out);
      },
    ],
    [
      'mask',
      64 * 48,
      (out) => {
        engine.mask(labels, placement, IDENTITY, 64, 48, out);
      },
    ],
    [
      'colorMask',
      64 * 48 * 3,
      (out) => {
        engine.colorMask(labels, placement, PALETTE, 64, 48, out);
      },
    ],
    [
      'overlay',
      64 * 48 * 3,
      (out) => {
        engine.overlay(image, labels, placement, PALETTE, 0.5, 64, 48, out);
      },
    ],
  ];

  it.each(operations)('%s writes a part of a buffer, all of it and nothing else', (_, bytes, run) => {
    const whole = new Uint8Array(bytes);
    run(whole);
    const buffer = new Uint8Array(bytes + 200).fill(77);
    run(buffer.subarray(100, 100 + bytes));
    expectSame(buffer.slice(100, 100 + bytes), whole);
    expect([...new Set([...buffer.subarray(0, 100), ...buffer.subarray(100 + bytes)])]).toEqual([77]);
  });

  it.each(operations)('%s refuses a buffer of another length', (_, bytes, run) => {
    expect(() => {
      run(new Uint8Array(bytes - 1));
    }).toThrow(RangeError);
    expect(() => {
      run(new Uint8Array(bytes + 1));
    }).toThrow(RangeError);
  });

  it('refuses labels, palettes, tables and opacities that do not fit', () => {
    const out = new Uint8Array(64 * 48 * 3);
    const short = new Uint8Array(5);
    const gray = out.subarray(0, 64 * 48);
    expect(() => {
      engine.mask(short, placement, IDENTITY, 64, 48, gray);
    }).toThrow(/^labels has 5 bytes instead of 1024$/);
    expect(() => {
      engine.mask(labels, placement, short, 64, 48, gray);
    }).toThrow(/^lut/);
    expect(() => {
      engine.colorMask(labels, placement, short, 64, 48, out);
    }).toThrow(/^palette/);
    expect(() => {
      engine.overlay(image, labels, placement, PALETTE, NaN, 64, 48, out);
    }).toThrow(/^opacity NaN/);
  });

  it('survives an unsound image', () => {
    const out = new Uint8Array(32 * 32 * 3);
    const broken = { ...image, data: image.data.subarray(1) };
    expect(() => {
      engine.prepare(broken, placement, out);
    }).toThrow(ImageError);
    engine.prepare(image, placement, out);
    expectSame(out, reference.prepare(image, placement));
  });
});

describe('memory', () => {
  it('stays small for the largest pictures', async () => {
    const fresh = await PixelEngine.create();
    const side = 8192;
    const image = {
      width: side,
      height: side,
      encoding: 'rgba16',
      isBigEndian: false,
      step: side * 8,
      data: new Uint8Array(side * side * 8),
    };
    fresh.prepare(image, place(side, side, 512, 512, 'letterbox'), new Uint8Array(512 * 512 * 3));
    expect(fresh.memoryBytes).toBeLessThan(4 * 2 ** 20);
    fresh.prepare(image, place(side, side, 16, 16, 'letterbox'), new Uint8Array(16 * 16 * 3));
    expect(fresh.memoryBytes).toBeLessThan(16 * 2 ** 20);
  });

  it('grows no more once a size has been seen', () => {
    const placement: Placement = place(640, 480, 64, 64, 'letterbox');
    const image = sample('nv12', 640, 480);
    const out = new Uint8Array(64 * 64 * 3);
    engine.prepare(image, placement, out);
    const before = engine.memoryBytes;
    for (let i = 0; i < 20; i++) engine.prepare(image, placement, out);
    expect(engine.memoryBytes).toBe(before);
  });
});
