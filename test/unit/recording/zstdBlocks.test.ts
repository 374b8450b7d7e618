import { compress, decompress, isLoaded } from '@foxglove/wasm-zstd';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { zstdHeader } from '#recording/zstd.js';
import { ZstdBlocks } from '#recording/zstdBlocks.js';

beforeAll(async () => {
  await isLoaded;
});

/** Numbers that are the same in each run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Contents of all kinds: what repeats, noise, words, pictures. */
function contents(): Map<string, Uint8Array> {
  const random = chance(7);
  const words = Array.from({ length: 300 }, () => Buffer.alloc(1 + random(9), 97 + random(26)).toString());
  const text = Array.from({ length: 15_000 }, () => words[Math.min(random(300), random(300))]).join(' ');
  const picture = new Uint8Array(150_000).map((_, i) => ((i % 640) >> 2) + random(3));
  return new Map([
    ['nothing', new Uint8Array(0)],
    ['a byte', Uint8Array.of(7)],
    ['one byte again and again', new Uint8Array(400_000).fill(9)],
    ['noise', new Uint8Array(200_000).map(() => random(256))],
    ['few symbols', new Uint8Array(200_000).map(() => random(2) * random(4))],
    ['text', Buffer.from(text)],
    ['a picture', picture],
    ['a picture twice', Buffer.concat([picture, picture])],
  ]);
}

/** What becomes of a stream that comes in pieces. */
function look(stream: Uint8Array, piece = stream.length): { readonly good: number; readonly damage?: Error } {
  const blocks = new ZstdBlocks();
  let good = 0;
  for (let at = 0; at < stream.length; at += piece) {
    const seen = blocks.look(stream.subarray(at, at + piece));
    good += seen.good;
    if (seen.damage !== undefined) return { good, damage: seen.damage };
  }
  return { good };
}

describe('whole streams are good', () => {
  test.each([1, 5, 19])('packed at level %i, in pieces of any length', (level) => {
    for (const [name, content] of contents()) {
      const packed = compress(content, level);
      for (const piece of [packed.length, 1000, 7])
        expect([name, piece, look(packed, piece)]).toEqual([name, piece, { good: packed.length }]);
    }
  });

  test('frames one behind the other, and some that are to be skipped', () => {
    const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]);
    const parts = [...contents().values()].flatMap((content) => [compress(content), skipped]);
    const stream = Buffer.concat(parts);
    expect(look(stream, 5000)).toEqual({ good: stream.length });
  });
});

test('what the decompressor of zstd itself takes is good, also when it is damaged', () => {
  const random = chance(11);
  let taken = 0;
  let refused = 0;
  for (const [name, content] of contents()) {
    if (content.length === 0) continue;
    const packed = compress(content.subarray(0, 30_000), 1 + random(19));
    const size = zstdHeader(packed)!.size!;
    for (let round = 0; round < 200; round++) {
      const damaged = Uint8Array.from(packed);
      damaged[9 + random(Math.min(damaged.length - 9, 400))]! ^= 1 << random(8);
      const seen = look(damaged);
      let isTaken = true;
      try {
        decompress(damaged, size);
      } catch {
        isTaken = false;
      }
      if (isTaken) {
        taken++;
        expect([name, round, seen]).toEqual([name, round, { good: damaged.length }]);
      } else if (seen.damage !== undefined) {
        refused++;
      }
    }
  }
  // Both are really tried.
  expect([taken > 100, refused > 100]).toEqual([true, true]);
});

/** A frame with a window of 1 KiB, of one compressed block. */
function frameOf(...block: readonly number[]): Buffer {
  const head = (block.length << 3) | (2 << 1) | 1;
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, head & 255, head >> 8, 0, ...block]);
}

describe('what would keep a decompressor busy is refused', () => {
  test('matches that are longer than a block may be', () => {
    // No literals; 32512 sequences, each of them of one code alone: no literal, offset code 0, a match of 65539 or more.
    const stream = Array<number>(500).fill(255);
    const { good, damage } = look(frameOf(0, 255, 0, 0, 0b01010100, 0, 0, 52, ...stream));
    expect([good, damage?.message]).toEqual([
      6,
      'a zstd block is damaged: it unpacks to more than the 1024 bytes that are allowed',
    ]);
  });

  test('more sequences than there are bits for', () => {
    // Each has an offset of one bit, and there is none.
    const { damage } = look(frameOf(0, 100, 0b01010100, 0, 1, 0, 1));
    expect(damage?.message).toBe('a zstd block is damaged: its sequences are cut');
  });

  test('Huffman codes that never end', () => {
    // Literals packed with weights whose only code takes all of 32 states.
    const tree = [3, 0b11110000, 0b11, 1];
    const head = 2 | (10 << 4) | (tree.length << 14);
    const { damage } = look(frameOf(head & 255, (head >> 8) & 255, head >> 16, ...tree, 0));
    expect(damage?.message).toBe('a zstd block is damaged: its Huffman codes never end');
  });

  test.each([
    ['repeated', 1],
    ['raw', 0],
  ])('a %s block that is longer than its window', (_, type) => {
    const word = (1025 << 3) | (type << 1) | 1;
    const head = [0x28, 0xb5, 0x2f, 0xfd, 0, 0, word & 255, (word >> 8) & 255, word >> 16];
    const { good, damage } = look(Buffer.from([...head, ...Array<number>(1025).fill(1)]));
    expect([good, damage?.message]).toEqual([
      6,
      'a zstd block is damaged: it has 1025 bytes, at most 1024 are allowed',
    ]);
  });

  /** Raw blocks of so many bytes in a frame with a window of 8 MiB, the largest that there may be. */
  const frameOfBlocks = (count: number, length: number): Buffer => {
    const block = Buffer.alloc(3 + length);
    block.writeUIntLE(length << 3, 0, 3);
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3]);
    return Buffer.concat([head, ...Array<Buffer>(count).fill(block)]);
  };

  test('thousands of blocks of a byte behind a large window, which is copied for each', () => {
    const { good, damage } = look(frameOfBlocks(2000, 1));
    expect(good).toBe(6 + 512 * 4);
    expect(damage?.message).toBe(
      'zstd blocks of so few bytes take too long where 8388608 must be looked back at',
    );
    for (const [count, length] of [[500, 1] as const, [2000, 2048] as const]) {
      const stream = frameOfBlocks(count, length);
      expect(look(stream)).toEqual({ good: stream.length });
    }
  });

  test('a window of gigabytes, also of a frame behind the first', () => {
    const large = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 255, 1, 0, 0]);
    const first = compress(Uint8Array.of(1, 2, 3));
    const { good, damage } = look(Buffer.concat([first, large]));
    expect(good).toBe(first.length);
    expect(damage?.message).toContain('at once, at most 8388608 are lent');
  });
});
