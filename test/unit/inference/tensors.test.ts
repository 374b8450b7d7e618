import { expect, test } from '@jest/globals';
import { Tensor } from 'onnxruntime-node';
import { halfBits, halvesToFloats } from '#inference/half.js';
import { describe as spell, floatsOf, gridOf, idsOf } from '#inference/tensors.js';

test('every half there is becomes a float and the same half again', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
  const floats = halvesToFloats(halves);
  const wrong = halves.filter((half) => {
    const nan = (half & 0x7fff) > 0x7c00;
    return nan ? !Number.isNaN(floats[half]) : halfBits(floats[half]!) !== half;
  });
  expect([...wrong]).toEqual([]);
  expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400].map((half) => floats[half])).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    2 ** -14,
  ]);
});

test.each([
  ['ties go to even', 1 + 2 ** -11, 0x3c00],
  ['ties go to even, upwards', 1 + 3 * 2 ** -11, 0x3c02],
  ['above a tie', 1 + 2 ** -11 + 2 ** -20, 0x3c01],
  ['up to the next power of two', 2 - 2 ** -12, 0x4000],
  ['the smallest, from above its half', 2 ** -25 * 1.5, 0x0001],
  ['too small', 2 ** -26, 0],
  ['too large', -65520, 0xfc00],
  ['just not too large', 65519, 0x7bff],
  ['not a number', NaN, 0x7e00],
])('a half is the nearest one: %s', (_, value, half) => {
  expect(halfBits(value)).toBe(half);
});

test('halves are known by the type of their tensor, whatever class their data has', () => {
  const bits = Uint16Array.of(9, 0x3c00, 0x3800).subarray(1);
  // As Float16Array, which newer Node has.
  const { buffer, byteOffset, length } = bits;
  for (const data of [bits, { buffer, byteOffset, length } as unknown as Uint16Array]) {
    expect(floatsOf({ type: 'float16', data })).toEqual(Float32Array.of(1, 0.5));
    expect(idsOf({ type: 'float16', data })).toEqual(Float32Array.of(1, 0.5));
  }
  expect(floatsOf({ type: 'uint16', data: bits })).toBeUndefined();
  expect(idsOf({ type: 'uint16', data: bits })).toEqual(bits);
});

test('what is no number is neither floats nor ids', () => {
  const text = new Tensor('string', ['1'], [1]);
  expect(floatsOf(text)).toBeUndefined();
  expect(idsOf(text)).toBeUndefined();
});

test.each([
  ['channels first', [1, 5, 6, 7], 5, undefined, [6, 7, 42, 1]],
  ['channels last', [1, 6, 7, 5], 5, undefined, [6, 7, 1, 5]],
  ['without a batch', [6, 7, 5], 5, undefined, [6, 7, 1, 5]],
  ['both fit', [1, 5, 6, 5], 5, undefined, [6, 5, 30, 1]],
  ['both fit, told', [1, 5, 6, 5], 5, 'nhwc', [5, 6, 1, 5]],
  ['told otherwise', [1, 5, 6, 7], 5, 'nhwc', undefined],
  ['another number of channels', [1, 4, 6, 7], 5, undefined, undefined],
  ['a batch', [2, 5, 6, 7], 5, undefined, undefined],
  ['no rows', [5], 5, undefined, undefined],
  ['one channel', [1, 1, 6, 7], 1, undefined, [6, 7, 42, 1]],
  ['one channel, last', [1, 6, 7, 1], 1, 'nchw', [6, 7, 1, 1]],
  ['one channel, not there', [6, 7], 1, 'nhwc', [6, 7, 42, 1]],
] as const)('the grid of an output: %s', (_, dims, channels, layout, expected) => {
  const grid = gridOf(dims, channels, layout);
  expect(grid && [grid.rows, grid.columns, grid.channelStride, grid.pixelStride]).toEqual(expected);
});

test('a tensor in words, with what is not known of its shape', () => {
  expect(spell('float32', ['', 3, 'h', 8])).toBe('float32 ?x3xhx8');
});
