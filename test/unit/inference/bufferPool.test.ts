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

test('keeps a bounded number of bytes, and lets the longest unused go first', () => {
  const pool = new BufferPool(100);
  const [a, b, c] = [new ArrayBuffer(40), new ArrayBuffer(50), new ArrayBuffer(30)];
  for (const buffer of [a, b, c]) pool.give(buffer);
  expect(pool.bytes).toBe(80);
  expect(pool.take(40)).not.toBe(a);
  expect(pool.take(50)).toBe(b);
  expect(pool.take(30)).toBe(c);
  expect(pool.bytes).toBe(0);
  pool.give(new ArrayBuffer(101));
  expect(pool.bytes).toBe(0);
});

test('lets a size go that is not asked for any more', () => {
  const pool = new BufferPool();
  pool.give(pool.take(100_000_000));
  for (let frame = 0; frame < 100; frame++) pool.give(pool.take(1000));
  expect(pool.bytes).toBe(1000);
});

test('sizes that change all the time do not pile up', () => {
  const pool = new BufferPool();
  for (let size = 1; size < 10_000; size++) pool.give(pool.take(size * 100));
  expect(pool.bytes).toBeLessThanOrEqual(66 * 1_000_000);
});

test('what is let go is freed at once, and after the end all is', () => {
  const pool = new BufferPool(100);
  const [old, kept, late] = [new ArrayBuffer(60), new ArrayBuffer(70), new ArrayBuffer(80)];
  pool.give(old);
  pool.give(kept);
  expect([old.byteLength, kept.byteLength]).toEqual([0, 70]);
  pool.close();
  pool.give(late);
  expect([kept.byteLength, late.byteLength, pool.bytes]).toEqual([0, 0, 0]);
});
