import { describe, expect, test } from '@jest/globals';
import { enlargeIds, foregroundToLabels, logitsToLabels } from '#inference/labels.js';
import type { Grid } from '#inference/tensors.js';

const planes = (columns: number, rows: number): Grid => ({
  columns,
  rows,
  channelStride: columns * rows,
  pixelStride: 1,
});

test('picks the winner and its softmax where nothing is enlarged', () => {
  // Two classes, 2x1 pixels: class 1 wins the first by 2, class 0 the second by 1.
  const logits = Float32Array.of(0, 3, 2, 2);
  const labels = new Uint8Array(2);
  const confidence = new Uint8Array(2);
  logitsToLabels(logits, 2, planes(2, 1), 2, 1, labels, confidence);
  expect([...labels]).toEqual([1, 0]);
  expect([...confidence]).toEqual([
    Math.round(255 / (1 + Math.exp(-2))),
    Math.round(255 / (1 + Math.exp(-1))),
  ]);
});

test('enlarges logits bilinearly with half-pixel centres', () => {
  // Class 1 minus class 0 falls from +3 to -1 across two pixels; enlarged four times it crosses zero between 5 and 6.
  const labels = new Uint8Array(8);
  logitsToLabels(Float32Array.of(0, 0, 3, -1), 2, planes(2, 1), 8, 1, labels, new Uint8Array(8));
  expect([...labels]).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
});

test('finds the same labels where no confidence is wanted', () => {
  const logits = Float32Array.from({ length: 5 * 12 }, (_, i) => Math.sin(i * i));
  const [alone, beside] = [new Uint8Array(70), new Uint8Array(70)];
  logitsToLabels(logits, 5, planes(4, 3), 10, 7, alone);
  logitsToLabels(logits, 5, planes(4, 3), 10, 7, beside, new Uint8Array(70));
  expect(alone).toEqual(beside);
  expect(new Set(alone).size).toBe(5);
});

test('enlarges ids of any integer type, and what is no id becomes 255', () => {
  const labels = new Uint8Array(8);
  enlargeIds(BigInt64Array.of(3n, -1n), 255, planes(2, 1), 4, 2, labels);
  expect([...labels]).toEqual([3, 3, 255, 255, 3, 3, 255, 255]);
  enlargeIds(Int32Array.of(300, 254), 255, planes(2, 1), 4, 2, labels);
  expect([...labels]).toEqual([255, 255, 254, 254, 255, 255, 254, 254]);
});

test.each([
  Uint8Array.of(0, 1, 2, 200),
  Int8Array.of(0, 1, 2, 200),
  Uint16Array.of(0, 1, 256, 65535),
  Int16Array.of(0, 1, 257, -1),
  Int32Array.of(0, 1, 2, -7),
  Uint32Array.of(0, 1, 2, 2 ** 32 - 1),
  BigInt64Array.of(0n, 1n, 2n, 300n),
  BigUint64Array.of(0n, 1n, 2n ** 63n, 2n ** 64n - 1n),
  Float32Array.of(0, 1, 1.5, NaN),
  Float32Array.of(-0, 1, 0.25, Infinity),
])('ids beyond the classes become 255, whatever their type', (ids) => {
  const labels = new Uint8Array(4);
  enlargeIds(ids, 2, planes(4, 1), 4, 1, labels);
  expect([...labels]).toEqual([0, 1, 255, 255]);
});

describe('logits that overflowed', () => {
  const cases: [string, number[], number, number][] = [
    ['NaN in one class', [5, NaN, 1], 255, 0],
    ['NaN before the strongest', [NaN, 5, 9], 255, 0],
    ['NaN everywhere', [NaN, NaN, NaN], 255, 0],
    ['NaN beside +Infinity', [Infinity, NaN, Infinity], 255, 0],
    ['+Infinity wins', [1, Infinity, 2], 1, 255],
    ['-Infinity loses', [-Infinity, 40, -Infinity], 1, 255],
    ['-Infinity everywhere', [-Infinity, -Infinity, -Infinity], 255, 0],
  ];
  test.each(cases)('%s', (_, logits, label, sure) => {
    // As one pixel, and enlarged from two by two equal ones.
    for (const side of [1, 2]) {
      const labels = new Uint8Array(25);
      const confidence = new Uint8Array(25);
      const values = Float32Array.from(
        { length: 3 * side * side },
        (__, i) => logits[Math.floor(i / side ** 2)]!,
      );
      logitsToLabels(values, 3, planes(side, side), 5, 5, labels, confidence);
      expect(new Set(labels)).toEqual(new Set([label]));
      expect(new Set(confidence)).toEqual(new Set([sure]));
    }
  });

  test('between an infinite and a finite logit lies the infinite one', () => {
    const labels = new Uint8Array(4);
    logitsToLabels(Float32Array.of(0, 0, Infinity, -5), 2, planes(2, 1), 4, 1, labels);
    expect([...labels]).toEqual([1, 1, 1, 0]);
  });
});

test('channels last give what channels first give', () => {
  const [classes, columns, rows] = [5, 4, 3];
  const grid = planes(columns, rows);
  // With a pixel that nobody wins.
  const first = Float32Array.from({ length: classes * 12 }, (_, i) => (i === 17 ? NaN : Math.sin(i * i)));
  const last = Float32Array.from(first, (_, i) => first[(i % classes) * 12 + Math.floor(i / classes)]!);
  const results = [first, last].map((logits, i) => {
    const [labels, confidence] = [new Uint8Array(70), new Uint8Array(70)];
    const strides = i === 0 ? grid : { ...grid, channelStride: 1, pixelStride: classes };
    logitsToLabels(logits, classes, strides, 10, 7, labels, confidence);
    return { labels, confidence };
  });
  expect(results[1]).toEqual(results[0]);
  expect(new Set(results[0]!.labels)).toEqual(new Set([0, 1, 2, 3, 4, 255]));
});

describe('foreground and background', () => {
  const run = (kind: 'probabilities' | 'logits', threshold: number, ...values: number[]): number[][] => {
    const [labels, confidence] = [new Uint8Array(values.length), new Uint8Array(values.length)];
    const grid = planes(values.length, 1);
    foregroundToLabels(
      Float32Array.from(values),
      kind,
      threshold,
      grid,
      values.length,
      1,
      labels,
      confidence,
    );
    return [[...labels], [...confidence]];
  };

  test('from probabilities', () => {
    expect(run('probabilities', 0.5, 0, 0.25, 0.5, 1, NaN)).toEqual([
      [0, 0, 1, 1, 255],
      [255, 191, 128, 255, 0],
    ]);
    expect(run('probabilities', 0.2, 0.25, 0.125)).toEqual([
      [1, 0],
      [64, 223],
    ]);
  });

  test('from logits', () => {
    expect(run('logits', 0.5, -Infinity, -2, 0, Infinity, NaN)).toEqual([
      [0, 0, 1, 1, 255],
      [255, Math.round(255 / (1 + Math.exp(-2))), 128, 255, 0],
    ]);
  });

  test('enlarged bilinearly', () => {
    const labels = new Uint8Array(8);
    foregroundToLabels(Float32Array.of(0.75, 0), 'probabilities', 0.5, planes(2, 1), 8, 1, labels);
    // 0.75 at 1.5 to 0 at 5.5 falls below a half between 2 and 3.
    expect([...labels]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
  });
});
