import { describe, expect, test } from '@jest/globals';
import { logitsToLabels } from '#inference/labels.js';
import { LogitReader } from '#inference/logitReader.js';
import type { Grid } from '#inference/tensors.js';

const reader = await LogitReader.create();

function gridOf(columns: number, rows: number, classes: number, layout: 'nchw' | 'nhwc'): Grid {
  return layout === 'nchw'
    ? { columns, rows, channelStride: columns * rows, pixelStride: 1 }
    : { columns, rows, channelStride: 1, pixelStride: classes };
}

/** Both ways to read the same logits; the buffers are longer, to see what is written behind them. */
function both(logits: Float32Array, classes: number, grid: Grid, width: number, height: number) {
  const read = (way: typeof logitsToLabels) => {
    const [labels, confidence, alone] = [0, 1, 2].map(() => new Uint8Array(width * height + 8).fill(77));
    const inside = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, width * height);
    const finite = way(logits, classes, grid, width, height, inside(labels!), inside(confidence!), 0.7);
    way(logits, classes, grid, width, height, inside(alone!), undefined, 0.7);
    return { finite, labels: labels!, confidence: confidence!, alone: alone! };
  };
  return {
    plain: read(logitsToLabels),
    quick: read((...all) => reader.read(...(all as Parameters<LogitReader['read']>))),
  };
}

describe.each(['nchw', 'nhwc'] as const)('%s', (layout) => {
  test.each([
    [11, 30, 22, 4, 4],
    [2, 16, 16, 1, 1],
    [5, 7, 3, 2, 3],
    [254, 3, 2, 8, 8],
    [3, 1, 1, 16, 16],
    // No whole number of times: up, and down.
    [4, 10, 6, 1.5, 2],
    [4, 12, 8, 0.5, 0.5],
  ])('%d classes, %dx%d, enlarged %d and %d times', (classes, columns, rows, across, down) => {
    const logits = Float32Array.from({ length: classes * columns * rows }, (_, i) => 4 * Math.sin(i * i + i));
    const grid = gridOf(columns, rows, classes, layout);
    const { plain, quick } = both(logits, classes, grid, columns * across, rows * down);
    expect(quick.labels).toEqual(plain.labels);
    expect(quick.alone).toEqual(plain.alone);
    expect(quick.finite).toBe(true);
    for (const [i, value] of plain.confidence.entries())
      expect(Math.abs(quick.confidence[i]! - value)).toBeLessThanOrEqual(1);
    expect(new Set(plain.confidence).size).toBeGreaterThan(1);
  });

  test('far apart, and all the same', () => {
    const logits = Float32Array.from({ length: 3 * 64 }, (_, i) => (i % 5 === 0 ? 3e4 : -7 * i));
    const equal = new Float32Array(3 * 64).fill(-5);
    for (const values of [logits, equal]) {
      const { plain, quick } = both(values, 3, gridOf(8, 8, 3, layout), 16, 16);
      expect(quick).toEqual(plain);
    }
    expect(new Set(both(equal, 3, gridOf(8, 8, 3, layout), 16, 16).quick.labels.subarray(0, 256))).toEqual(
      new Set([0]),
    );
  });

  test.each([NaN, Infinity, -Infinity])('one value is %d', (odd) => {
    for (const place of [0, 101, 3 * 64 - 1]) {
      const logits = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.cos(i * i));
      logits[place] = odd;
      const { plain, quick } = both(logits, 3, gridOf(8, 8, 3, layout), 32, 32);
      expect(quick).toEqual(plain);
      expect(quick.finite).toBe(false);
    }
  });
});

test('the memory does not grow with pictures', () => {
  const logits = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
  const read = (): void => {
    reader.read(logits, 4, gridOf(8, 8, 4, 'nchw'), 64, 64, new Uint8Array(64 * 64), undefined, 1);
  };
  read();
  const before = reader.memoryBytes;
  for (let i = 0; i < 50; i++) read();
  expect(reader.memoryBytes).toBe(before);
});
