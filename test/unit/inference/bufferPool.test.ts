import { expect, test } from '@jest/globals';
import { BufferPool } from '#inference/bufferPool.js';

test('gives back what was given, by size', () => {
  const pool = new BufferPool();
  const buffer = pool.take(100);
  pool.give(buffer);
  expect(pool.take(101)).not.toBe(buffer);
  expect(pool.take(100)).toBe(buffer);
  expect(pool.take(100)).not.toBe(buffer);
});

test('ignores detached buffers', () => {
  const pool = new BufferPool();
  const buffer = pool.take(8);
  structuredClone(buffer, { transfer: [buffer] });
  pool.give(buffer);
  expect(pool.take(0)).not.toBe(buffer);
});

test('keeps a bounded number of sizes and buffers', () => {
  const pool = new BufferPool(2, 1);
  const [a, b, c, d] = [new ArrayBuffer(1), new ArrayBuffer(2), new ArrayBuffer(3), new ArrayBuffer(3)];
  for (const buffer of [a, b, c, d]) pool.give(buffer);
  expect(pool.take(1)).not.toBe(a);
  expect(pool.take(2)).toBe(b);
  expect(pool.take(3)).toBe(c);
  expect(pool.take(3)).not.toBe(d);
});
