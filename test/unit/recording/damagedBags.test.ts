import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type IWritable, McapWriter } from '@mcap/core';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagError } from '#recording/bag.js';
import { openBag } from '#recording/openBag.js';
import { writeSqliteBag } from './sqliteBag.js';

const COUNT = 6;
const DATA = Array.from({ length: COUNT }, (_, i) => {
  const noise = createHash('sha256').update(String(i)).digest();
  return Uint8Array.of(0, 1, 0, 0, ...noise, ...new Uint8Array(40).fill(i));
});
/** A database of small pages is a small file with all kinds of them. */
const PAGE = 512;

/** Thousands of files, ms. */
const LONG = 60_000;

/** Each message with its time. */
const WRITTEN = new Set(DATA.map((data, i) => said(BigInt(i + 1), data)));

function said(time: bigint, data: Uint8Array): string {
  return `${time} ${Buffer.from(data).toString('hex')}`;
}

let folder: string;
beforeAll(async () => {
  await isLoaded;
  folder = await mkdtemp(join(tmpdir(), 'bags-'));
});
afterAll(() => rm(folder, { recursive: true }));

class Sink implements IWritable {
  readonly #parts: Uint8Array[] = [];
  #bytes = 0n;

  write(part: Uint8Array): Promise<void> {
    this.#parts.push(part.slice());
    this.#bytes += BigInt(part.length);
    return Promise.resolve();
  }

  position(): bigint {
    return this.#bytes;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

async function mcap(options: { zstd?: boolean; summary?: boolean } = {}): Promise<Buffer> {
  const sink = new Sink();
  const summary = options.summary ?? true;
  const writer = new McapWriter({
    writable: sink,
    chunkSize: 150,
    useSummaryOffsets: summary,
    useStatistics: summary,
    useChunkIndex: summary,
    useMessageIndex: summary,
    repeatChannels: summary,
    repeatSchemas: summary,
    ...(options.zstd && {
      compressChunk: (bytes) => ({ compression: 'zstd', compressedData: compress(bytes) }),
    }),
  });
  await writer.start({ profile: 'ros2', library: '' });
  const schemaId = await writer.registerSchema({
    name: 'std_msgs/msg/String',
    encoding: 'ros2msg',
    data: Buffer.from('string data'),
  });
  const channelId = await writer.registerChannel({
    topic: '/a',
    schemaId,
    messageEncoding: 'cdr',
    metadata: new Map(),
  });
  for (const [sequence, data] of DATA.entries()) {
    const time = BigInt(sequence + 1);
    await writer.addMessage({ channelId, sequence, logTime: time, publishTime: time, data });
  }
  await writer.end();
  return sink.bytes;
}

/** What comes out of a file of these bytes; undefined for a BagError. Whatever else is thrown goes through. */
async function read(bytes: Uint8Array): Promise<{ messages: string[]; problems: number } | undefined> {
  const path = join(folder, 'bag');
  await writeFile(path, bytes);
  let bag;
  try {
    bag = await openBag(path);
  } catch (error) {
    if (!(error instanceof BagError)) throw error;
    return undefined;
  }
  try {
    const messages: string[] = [];
    for await (const { time, data } of bag.messages()) {
      // More than were written: it goes round and round.
      expect(messages.length).toBeLessThan(10 * COUNT);
      messages.push(said(time, data));
    }
    return { messages, problems: bag.problems.length };
  } finally {
    await bag.close();
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  damaged[at] = damaged[at]! ^ 0xff;
  return damaged;
}

describe.each([{}, { summary: false }, { zstd: true }])('MCAP %j', (options) => {
  test('whole', async () => {
    const whole = await read(await mcap(options));
    expect(whole).toEqual({ messages: [...WRITTEN], problems: 0 });
  });

  test('any byte damaged: what comes out is what was written, and what is missing is told', async () => {
    const bytes = await mcap(options);
    for (let at = 0; at < bytes.length; at++) {
      const result = await read(flipped(bytes, at));
      if (result === undefined) continue;
      expect(result.messages.filter((message) => !WRITTEN.has(message))).toEqual([]);
      if (result.messages.length < COUNT && result.problems === 0)
        throw new Error(`byte ${at}: nothing is said`);
    }
  });

  test('cut anywhere: what comes out is the first of what was written, and the cut is told', async () => {
    const bytes = await mcap(options);
    for (let length = 0; length < bytes.length; length++) {
      const result = await read(bytes.subarray(0, length));
      if (result === undefined) continue;
      expect(result.messages).toEqual([...WRITTEN].slice(0, result.messages.length));
      expect(result.problems).toBeGreaterThan(0);
    }
  });
});

test('a summary that counts more messages than it leads to', async () => {
  const bytes = await mcap();
  // In the statistics: a map of 10 bytes, from channel 0 to how many messages it has.
  const counts = bytes.indexOf(Uint8Array.of(10, 0, 0, 0, 0, 0, COUNT, 0, 0, 0, 0, 0, 0, 0));
  bytes[counts + 6]!++;
  // Without a checksum in the footer.
  bytes.fill(0, bytes.length - 12, bytes.length - 8);
  expect(await read(bytes)).toEqual({ messages: [...WRITTEN], problems: 1 });
});

describe('SQLite', () => {
  let bytes: Buffer;
  beforeAll(async () => {
    const path = join(folder, 'whole.db3');
    writeSqliteBag(path, PAGE, 'std_msgs/msg/String', DATA);
    bytes = await readFile(path);
  });

  test('whole', async () => {
    expect(await read(bytes)).toEqual({ messages: [...WRITTEN], problems: 0 });
  });

  test(
    'bytes damaged: it is read, or refused in words',
    async () => {
      let whole = 0;
      // Every one of the header, and then every fifth, for the time that it takes.
      for (let at = 0; at < bytes.length; at += at < 100 ? 1 : 5) {
        const result = await read(flipped(bytes, at));
        whole += Number(result?.messages.length === COUNT);
      }
      // Most bytes are a message's own, and SQLite has no checksum.
      expect(whole).toBeGreaterThan(bytes.length / 20);
    },
    LONG,
  );

  test(
    'cut anywhere: it is read, or refused in words; of whole pages nothing but what was written comes out',
    async () => {
      let most = 0;
      for (let length = 0; length < bytes.length; length += 8) {
        const result = await read(bytes.subarray(0, length));
        if (result === undefined) continue;
        most = Math.max(most, result.messages.length);
        const others = result.messages.filter((message) => !WRITTEN.has(message));
        if (length % PAGE === 0) expect(others).toEqual([]);
        expect(result.problems).toBeGreaterThan(0);
      }
      expect(most).toBeGreaterThan(0);
    },
    LONG,
  );

  test('nothing is left beside the file', async () => {
    await read(bytes);
    expect((await readdir(folder)).sort()).toEqual(['bag', 'whole.db3']);
  });
});
