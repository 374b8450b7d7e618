import { beforeAll, expect, test } from '@jest/globals';
import { compress } from '@foxglove/wasm-zstd';
import { loadZstd, unpackZstd } from '#recording/zstd.js';

beforeAll(loadZstd);

test('a frame of one byte said a million times', () => {
  const bytes = Buffer.alloc(2 ** 20, 7);
  expect(Buffer.from(unpackZstd(compress(bytes), bytes.length)).equals(bytes)).toBe(true);
});

test('no memory is taken for what a frame does not hold, by its own header or its length', () => {
  const frame = compress(Buffer.alloc(100, 7));
  expect(() => unpackZstd(frame, 101)).toThrow('which its zstd frame of');
  // Of 300 MiB, in its header and around it.
  const size = 300 * 2 ** 20;
  const claims = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, 1, 0, 0]);
  claims.writeUInt32LE(size, 5);
  expect(() => unpackZstd(claims, size)).toThrow('which its zstd frame of 12 does not hold');
});
