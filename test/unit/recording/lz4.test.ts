import { expect, test } from '@jest/globals';
import { unpackLz4 } from '#recording/lz4.js';

const COUNTED = Uint8Array.from({ length: 64 }, (_, i) => i);
const PLAIN = Buffer.concat([
  Buffer.from('a'.repeat(300)),
  COUNTED,
  Buffer.from('abcd'.repeat(40) + 'abc'.repeat(20)),
  COUNTED,
]);

/** What python-lz4 4.4.5 makes of it: with sums over blocks and content, and its size; and without. */
const FRAMES = [
  'BCJNGHxAiAIAAAAAAADTXQAAAB9hAQD/Gf81AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v' +
    'MDEyMzQ1Njc4OTo7PD0+P2FiY2QEAIwPAwAmDxwBKFA7PD0+P3RNwdAAAAAA3S1rkA==',
  'BCJNGGBAgl0AAAAfYQEA/xn/NQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3' +
    'ODk6Ozw9Pj9hYmNkBACMDwMAJg8cAShQOzw9Pj8AAAAA',
].map((text) => Buffer.from(text, 'base64'));

/** 40 bytes that cannot be packed, in a block that is not. */
const STORED = Buffer.from(
  'BCJNGGBAgigAAIAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnAAAAAA==',
  'base64',
);

test('frames of the reference implementation', () => {
  for (const frame of FRAMES) expect(unpackLz4(frame, PLAIN.length)).toEqual(PLAIN);
  expect(unpackLz4(STORED, 40)).toEqual(Buffer.from(COUNTED.subarray(0, 40)));
});

test('another size than it claims is refused', () => {
  for (const frame of [...FRAMES, STORED]) {
    const size = frame === STORED ? 40 : PLAIN.length;
    expect(() => unpackLz4(frame, size - 1)).toThrow(`unpacks to more than the ${size - 1} bytes`);
    expect(() => unpackLz4(frame, size + 1)).toThrow(`unpacks to ${size} bytes, not to ${size + 1}`);
  }
});

test('every cut is refused, and a damaged frame does not touch the next one', () => {
  for (const frame of FRAMES) {
    // The sum over the content, 4 bytes, is the chunk's business.
    const end = frame === FRAMES[0] ? frame.length - 4 : frame.length;
    for (let length = 0; length < end; length++) {
      expect(() => unpackLz4(frame.subarray(0, length), PLAIN.length)).toThrow(/lz4/);
    }
    for (let at = 0; at < frame.length; at++) {
      const damaged = Buffer.from(frame);
      damaged[at]! ^= 0xff;
      try {
        expect(unpackLz4(damaged, PLAIN.length)).toHaveLength(PLAIN.length);
      } catch (error) {
        expect((error as Error).message).toMatch(/lz4|unpacks to/);
      }
      expect(unpackLz4(frame, PLAIN.length)).toEqual(PLAIN);
    }
  }
});

test('no memory is taken for what a short frame claims', () => {
  expect(() => unpackLz4(STORED, 2 ** 29)).toThrow(
    'claims to unpack to 536870912 bytes, more than it can hold',
  );
});
