import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { McapWriter } from '@mcap/core';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { BagError } from '#recording/bag.js';
import { BagWriter } from '#recording/bagWriter.js';
import { CdrError } from '#recording/cdrReader.js';
import { ImageCdr } from '#recording/imageCdr.js';
import { parseImage } from '#recording/imageMessages.js';
import { latchedDepth } from '#recording/offeredQos.js';
import { openBag } from '#recording/openBag.js';
import { zstdHeader } from '#recording/zstd.js';
import { checkYamlDepth } from '#yamlDepth';
import { writeSqliteBag } from '../../unit/recording/sqliteBag.js';
import { type Family, tellsOfMistake } from '../family.js';
import { mutate, mutateText } from '../mutate.js';
import type { Random } from '../random.js';

/** A bag takes its pieces whole, and a packed one is looked back at; none of the examples has 64 KiB. */
const BOUND = 128 * 2 ** 20;
const COUNT = 5;
/** A byte may stand for a message, but no more come out of a file than it has bytes. */
const MOST_MESSAGES = 100_000;

/** Files of MCAP: plain, without a summary, packed; half of the examples without checksums, so that damage gets through. */
export async function openMcap(folder: string): Promise<Family> {
  await isLoaded;
  const files = [await writtenByUs(folder, 'none'), await writtenByUs(folder, 'zstd')];
  for (const summary of [true, false])
    for (const packed of ['', 'zstd', 'lz4'] as const) files.push(await mcap(summary, packed));
  const examples = files.flatMap((file) => [file, withoutChecksums(file), withoutChecksums(file)]);
  return family(examples, join(folder, 'bag'));
}

/** Files of SQLite as rosbag2 writes them, of small pages. */
export function openSqlite(folder: string): Promise<Family> {
  return Promise.resolve(family([database(folder, 512), database(folder, 1024)], join(folder, 'bag')));
}

/** The same, packed as whole files. */
export async function openPacked(folder: string): Promise<Family> {
  await isLoaded;
  const files = [await mcap(true, ''), database(folder, 512), await writtenByUs(folder, 'zstd')];
  const packed = files.map((file) => compress(file));
  return {
    ...family(files, join(folder, 'bag'), undefined, (input) => zstdHeader(input) !== undefined),
    // Damaged before it was packed, or behind.
    generate: (random) => {
      if (random.oneIn(10)) return manyBlocks(random);
      return random.oneIn(2) ? compress(mutate(files, random)) : mutate(packed, random);
    },
  };
}

/** A frame that must look back at up to 240 MiB, of up to a thousand blocks: raw, or a byte that is repeated. */
function manyBlocks(random: Random): Buffer {
  const window = (random.below(18) << 3) | random.below(8);
  const isRepeated = random.oneIn(2);
  const length = random.below(random.oneIn(2) ? 4 : 4096);
  const block = Buffer.alloc(3 + (isRepeated ? 1 : length));
  block.writeUIntLE((length << 3) | (isRepeated ? 2 : 0), 0, 3);
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]);
  return Buffer.concat([head, ...Array<Buffer>(random.below(1000)).fill(block)]);
}

/** metadata.yaml in front of a bag that is whole. */
export async function openMetadata(folder: string): Promise<Family> {
  await isLoaded;
  const bag = join(folder, 'bag');
  mkdirSync(bag);
  writeFileSync(join(bag, 'bag_0.mcap'), await mcap(true, ''));
  writeFileSync(join(bag, 'bag_1.db3'), database(folder, 512));
  const text = `rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  relative_file_paths:
    - bag_0.mcap
    - bag_1.db3
  duration:
    nanoseconds: 4
  starting_time:
    nanoseconds_since_epoch: 1
  message_count: 10
  topics_with_message_count:
    - topic_metadata:
        name: /a
        type: sensor_msgs/msg/Image
        serialization_format: cdr
        offered_qos_profiles: "- history: 1\\n  depth: 5"
      message_count: 10
  compression_format: ""
  compression_mode: ""
`;
  return {
    ...family([], bag, join(bag, 'metadata.yaml'), isYamlMap),
    generate: (random) => mutateText([Buffer.from(text)], random),
  };
}

/**
 * @param file where the input goes, of the bag at `path`
 * @param isKnown its own first check, if that is another than that the bag can be opened
 */
function family(
  examples: readonly Uint8Array[],
  path: string,
  file = path,
  isKnown?: (input: Uint8Array) => boolean,
): Family {
  return {
    bound: BOUND,
    generate: (random) => mutate(examples, random),
    decode: async (input, passed) => {
      writeFileSync(file, input);
      if (isKnown?.(input) === true) passed();
      const bag = await openBag(path);
      if (isKnown === undefined) passed();
      try {
        let messages = 0;
        for await (const { topic, data } of bag.messages()) {
          if (++messages > MOST_MESSAGES) throw new Error('its messages never end');
          if (topic.type === 'sensor_msgs/msg/Image') parsed(data);
          if (messages === 1) latched(topic.offeredQos);
        }
        const mistake = bag.problems.find(tellsOfMistake);
        if (mistake !== undefined) throw new Error(mistake);
      } finally {
        await bag.close();
      }
    },
    isDeclared: (error) => error instanceof BagError && !tellsOfMistake(error.message),
  };
}

function isYamlMap(input: Uint8Array): boolean {
  try {
    const text = Buffer.from(input).toString('utf8');
    checkYamlDepth(text);
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function latched(offeredQos: string): void {
  try {
    latchedDepth(offeredQos);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('offered_qos_profiles cannot be read')))
      throw error;
  }
}

function parsed(data: Uint8Array): void {
  try {
    parseImage(data);
  } catch (error) {
    if (!(error instanceof CdrError)) throw error;
  }
}

function image(value: number): Buffer {
  const cdr = new ImageCdr('camera', 'mono8', 16, 16, 16);
  const message = Buffer.alloc(cdr.headroom + 256, value);
  cdr.write(message, { sec: value, nanosec: 0 });
  return message;
}

async function writtenByUs(folder: string, compression: 'none' | 'zstd'): Promise<Buffer> {
  const path = join(folder, `example-${compression}.mcap`);
  const writer = await BagWriter.create(path, { compression });
  const qos = { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 5 } as const;
  const topic = await writer.topic('/a', 'sensor_msgs/msg/Image', { qos });
  for (let i = 1; i <= COUNT; i++) await topic.write(BigInt(i), image(i));
  await writer.close();
  return readFileSync(path);
}

const PACK = { zstd: (bytes: Uint8Array): Uint8Array => compress(bytes), lz4: lz4Frame };

/** One block of literals alone, which is all that a writer must know. */
function lz4Frame(bytes: Uint8Array): Uint8Array {
  const more = bytes.length - 15;
  const block = Buffer.concat([
    Buffer.of(0xf0),
    Buffer.alloc(Math.floor(more / 255), 255),
    Buffer.of(more % 255),
    bytes,
  ]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.of(0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0), size, block, Buffer.alloc(4)]);
}

async function mcap(summary: boolean, compression: '' | 'zstd' | 'lz4'): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const writer = new McapWriter({
    writable: {
      write: (part) => {
        parts.push(part.slice());
        return Promise.resolve();
      },
      position: () => BigInt(parts.reduce((sum, part) => sum + part.length, 0)),
    },
    chunkSize: 700,
    useSummaryOffsets: summary,
    useStatistics: summary,
    useChunkIndex: summary,
    useMessageIndex: summary,
    ...(compression !== '' && {
      compressChunk: (bytes) => ({ compression, compressedData: PACK[compression](bytes) }),
    }),
  });
  await writer.start({ profile: 'ros2', library: '' });
  const schema = { name: 'sensor_msgs/msg/Image', encoding: 'ros2msg', data: Buffer.from('string data') };
  const schemaId = await writer.registerSchema(schema);
  const channel = { topic: '/a', schemaId, messageEncoding: 'cdr', metadata: new Map([['k', 'v']]) };
  const channelId = await writer.registerChannel(channel);
  for (let i = 1; i <= COUNT; i++) {
    const time = BigInt(i);
    await writer.addMessage({ channelId, sequence: i, logTime: time, publishTime: time, data: image(i) });
  }
  await writer.end();
  return Buffer.concat(parts);
}

/** 0 stands for no checksum: in chunks, at the end of the data, and in the footer. */
function withoutChecksums(file: Buffer): Buffer {
  const bytes = Buffer.from(file);
  for (let at = 8; at + 9 < bytes.length - 8; at += 9 + Number(bytes.readBigUInt64LE(at + 1))) {
    if (bytes[at] === 6) bytes.writeUInt32LE(0, at + 9 + 24);
    if (bytes[at] === 15) bytes.writeUInt32LE(0, at + 9);
    if (bytes[at] === 2) bytes.writeUInt32LE(0, at + 9 + 16);
  }
  return bytes;
}

function database(folder: string, page: number): Buffer {
  const path = join(folder, `example-${page}.db3`);
  const messages = Array.from({ length: COUNT }, (_, i) => image(i + 1));
  writeSqliteBag(path, page, 'sensor_msgs/msg/Image', messages);
  return readFileSync(path);
}
