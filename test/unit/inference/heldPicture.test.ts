import { describe, expect, test } from '@jest/globals';
import { BufferPool } from '#inference/bufferPool.js';
import { holdPicture, type PictureBytes } from '#inference/heldPicture.js';

const SIDE = 16;
const PIXELS = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => i % 251);
const HEADER = { width: SIDE, height: SIDE, encoding: 'rgb8', isBigEndian: false, step: 3 * SIDE };
/** As far as its size, 32x16. */
const JPEG = [0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, SIDE, 0, 2 * SIDE, 3];

/** Bytes that lie elsewhere, such as in the middleware. */
function elsewhere(bytes: Uint8Array): PictureBytes {
  return {
    length: bytes.length,
    copyTo: (target) => {
      target.set(bytes);
    },
  };
}

/** A file of this size. */
function jpeg(length: number): Uint8Array {
  const file = new Uint8Array(length);
  file.set(JPEG);
  return file;
}

test.each([
  ['an array', PIXELS],
  ['a part of a larger one', Uint8Array.of(9, ...PIXELS, 9).subarray(1, -1)],
  ['elsewhere', elsewhere(PIXELS)],
])('pixels in %s are copied whole, and the buffer comes back to its pool', (_, data) => {
  const pool = new BufferPool();
  const held = holdPicture({ ...HEADER, data }, pool);
  expect([held.header, held.bytes, pool.bytes]).toEqual([HEADER, PIXELS.length, 0]);
  held.release();
  expect(pool.bytes).toBe(PIXELS.length);
  expect(new Uint8Array(pool.take(PIXELS.length))).toEqual(PIXELS);
});

test('a buffer belongs to one: it is not given back when it was taken, nor twice', () => {
  const pool = new BufferPool();
  const taken = holdPicture({ ...HEADER, data: PIXELS }, pool);
  expect(new Uint8Array(taken.take())).toEqual(PIXELS);
  taken.release();
  expect(pool.bytes).toBe(0);
  expect(() => taken.take()).toThrow('segmented or given back before');
  const released = holdPicture({ ...HEADER, data: PIXELS }, pool);
  released.release();
  released.release();
  expect(pool.bytes).toBe(PIXELS.length);
  expect(() => released.take()).toThrow('segmented or given back before');
});

test('files of all sizes up to 256 KiB share one buffer, and have their own length', () => {
  const pool = new BufferPool();
  for (const length of [40, 262_144, 100_000, 200_001]) {
    const held = holdPicture({ format: 'jpeg', data: elsewhere(jpeg(length)) }, pool);
    expect(held.header).toEqual({ format: 'jpeg', codec: 'jpeg', width: 32, height: SIDE, sampleBytes: 1 });
    expect(held.bytes).toBe(length);
    held.release();
    expect(pool.bytes).toBe(262_144);
  }
  const larger = holdPicture({ format: 'jpeg', data: jpeg(262_145) }, pool);
  expect(larger.take().byteLength).toBe(524_288);
});

test('what is refused leaves the pool as it was', () => {
  const pool = new BufferPool();
  let copies = 0;
  const data = {
    length: PIXELS.length,
    copyTo: () => {
      copies++;
      throw new Error('the bytes are gone');
    },
  };
  expect(() => holdPicture({ ...HEADER, step: 1, data }, pool)).toThrow('too short');
  expect([copies, pool.bytes]).toEqual([0, 0]);
  expect(() => holdPicture({ ...HEADER, data }, pool)).toThrow('the bytes are gone');
  expect([copies, pool.bytes]).toEqual([1, PIXELS.length]);
  const empty = new BufferPool();
  expect(() => holdPicture({ format: 'jpeg', data: new Uint8Array() }, empty)).toThrow(
    'neither JPEG nor PNG',
  );
  expect(() => holdPicture({ format: 'jpeg', data: jpeg(30).fill(0, 2) }, empty)).toThrow('breaks off');
  expect(empty.bytes).toBe(262_144);
});

describe('max_image_pixels', () => {
  const forbidden: PictureBytes = {
    length: PIXELS.length,
    copyTo: () => {
      throw new Error('was copied');
    },
  };

  test('pixels: as many as it says are taken, more are refused before they are copied', () => {
    const pool = new BufferPool();
    holdPicture({ ...HEADER, data: PIXELS }, pool, SIDE * SIDE).release();
    expect(() => holdPicture({ ...HEADER, data: forbidden }, pool, SIDE * SIDE - 1)).toThrow(
      'image size 16x16 is 256 pixels, more than the 255 of the parameter max_image_pixels',
    );
  });

  test('a file: its header counts', () => {
    const pool = new BufferPool();
    holdPicture({ format: 'jpeg', data: jpeg(100) }, pool, 512).release();
    expect(() => holdPicture({ format: 'jpeg', data: jpeg(100) }, pool, 511)).toThrow(
      'image size 32x16 is 512 pixels, more than the 511 of the parameter max_image_pixels',
    );
  });

  test.each([
    ['rows with gigabytes between them', { ...HEADER, step: 2 ** 30 }, 16 * 2 ** 30],
    ['a file of gigabytes', { format: 'jpeg' }, 2 ** 31],
  ])('%s are refused before memory is taken', (_, head, length) => {
    const pool = new BufferPool();
    expect(() => holdPicture({ ...head, data: { ...forbidden, length } }, pool)).toThrow(
      'data is longer than 1073741824 bytes, 16 for each pixel of the parameter max_image_pixels',
    );
    expect(pool.bytes).toBe(0);
  });
});
