import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { McapIndexedReader } from '@mcap/core';
import zstd from '@foxglove/wasm-zstd';
import { BagError } from '#recording/bag.js';
import { BagWriter } from '#recording/bagWriter.js';
import type { BagQos } from '#recording/offeredQos.js';

const RELIABLE: BagQos = { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 1 };
const LATCHED: BagQos = { ...RELIABLE, durability: 'transient_local' };

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bagWriter-'));
  path = join(folder, 'out.mcap');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const bagError = (message: string): object => ({ name: BagError.name, message });

async function read(): Promise<McapIndexedReader> {
  const file = await readFile(path);
  await zstd.isLoaded;
  return McapIndexedReader.Initialize({
    readable: {
      size: () => Promise.resolve(BigInt(file.length)),
      read: (offset, length) => Promise.resolve(file.subarray(Number(offset), Number(offset + length))),
    },
    decompressHandlers: { zstd: (data, size) => zstd.decompress(data, Number(size)) },
  });
}

test.each(['none', 'zstd'] as const)('what is written is read again: %s', async (compression) => {
  const writer = await BagWriter.create(path, { compression });
  const labels = await writer.topic('/labels', 'vision_msgs/msg/LabelInfo', { qos: LATCHED });
  const masks = await writer.topic('/mask', 'sensor_msgs/msg/Image', { qos: RELIABLE });
  const others = await writer.topic('/other', 'sensor_msgs/msg/Image', { qos: RELIABLE });
  await labels.write(5n, Buffer.from('labels'));
  const buffer = Buffer.alloc(1_000_000);
  for (let i = 0; i < 10; i++) {
    // The caller's buffer is used again as soon as the promise is fulfilled.
    buffer.fill(i);
    await masks.write(BigInt(10 + i), buffer);
  }
  await others.write(30n, Buffer.from('other'));
  await writer.metadata('attendseg', new Map([['model', 'abc']]));
  expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
  await writer.close();
  expect(await readdir(folder)).toEqual(['out.mcap']);

  const reader = await read();
  expect(reader.header.profile).toBe('ros2');
  expect(reader.header.library).toMatch(/^attendseg_node \d+\.\d+\.\d+$/);
  expect(new Set(reader.chunkIndexes.map((chunk) => chunk.compression))).toEqual(
    new Set([compression === 'none' ? '' : 'zstd']),
  );
  expect(reader.chunkIndexes.length).toBeGreaterThan(3);
  expect([...reader.schemasById.values()].map(({ name }) => name)).toEqual([
    'vision_msgs/msg/LabelInfo',
    'sensor_msgs/msg/Image',
  ]);
  const seen: [string, number, bigint, number, number][] = [];
  for await (const { channelId, sequence, logTime, data } of reader.readMessages())
    seen.push([reader.channelsById.get(channelId)!.topic, sequence, logTime, data.length, data.at(-1)!]);
  expect(seen).toEqual([
    ['/labels', 1, 5n, 6, 's'.charCodeAt(0)],
    ...Array.from({ length: 10 }, (_, i) => ['/mask', i + 1, BigInt(10 + i), 1_000_000, i]),
    ['/other', 1, 30n, 5, 'r'.charCodeAt(0)],
  ]);
  for await (const { name, metadata } of reader.readMetadata())
    expect([name, [...metadata]]).toEqual(['attendseg', [['model', 'abc']]]);
  expect(reader.metadataIndexes.length).toBe(1);
});

test('nobody need wait for one message before the next', async () => {
  const writer = await BagWriter.create(path);
  const masks = await writer.topic('/mask', 'sensor_msgs/msg/Image', { qos: RELIABLE });
  const chunk = Buffer.alloc(3_000_000);
  await Promise.all([1n, 2n, 3n].map((time) => masks.write(time, chunk)));
  await writer.close();
  const times: bigint[] = [];
  for await (const { logTime } of (await read()).readMessages()) times.push(logTime);
  expect(times).toEqual([1n, 2n, 3n]);
});

test('a bag that is given up leaves nothing, and takes nothing more', async () => {
  const writer = await BagWriter.create(path);
  const masks = await writer.topic('/mask', 'sensor_msgs/msg/Image', { qos: RELIABLE });
  await masks.write(1n, Buffer.alloc(3_000_000));
  const begun = masks.write(2n, Buffer.alloc(3_000_000));
  await nextTurn();
  await writer.abort();
  await begun;
  expect(await readdir(folder)).toEqual([]);
  await expect(masks.write(3n, Buffer.alloc(1))).rejects.toThrow(BagError);
});

test('no file is replaced, neither at first nor at last', async () => {
  const writer = await BagWriter.create(path);
  await writeFile(path, 'mine');
  const refused = `${path}: cannot be written (file already exists); move it away, or give another name`;
  await expect(BagWriter.create(path)).rejects.toMatchObject(bagError(refused));
  await expect(writer.close()).rejects.toMatchObject(bagError(refused));
  expect(await readdir(folder)).toEqual(['out.mcap']);
  expect(await readFile(path, 'utf8')).toBe('mine');
});

test('a folder that is not there', async () => {
  path = join(folder, 'none', 'out.mcap');
  await expect(BagWriter.create(path)).rejects.toMatchObject(
    bagError(`${path}: cannot be written (no such file or directory); make its folder first`),
  );
});

/** `/dev/full` takes no byte, as a full disk; a bag's first bytes are its header. */
test('a full disk', async () => {
  const unfinished = join(folder, `.out.mcap.${process.pid}.part`);
  const full = `${path}: cannot be written (no space left on device); free space on that disk, or write to another one`;
  await symlink('/dev/full', unfinished);
  await expect(BagWriter.create(path)).rejects.toMatchObject(bagError(full));
  expect(await readdir(folder)).toEqual([]);
});

test('a write that fails in the middle, and all after it', async () => {
  const writer = await BagWriter.create(path);
  const masks = await writer.topic('/mask', 'sensor_msgs/msg/Image', { qos: RELIABLE });
  // The disk fails: any handle gives the way to the method of all.
  const file = await open('/dev/null', 'w');
  try {
    const spied = Object.getPrototypeOf(file) as { write: unknown };
    const { write } = spied;
    spied.write = () => Promise.reject(Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' }));
    const failed = `${path}: cannot be written (i/o error); give another path`;
    await expect(masks.write(1n, Buffer.alloc(3_000_000))).rejects.toMatchObject(bagError(failed));
    spied.write = write;
    // It would work again, but the file has a hole.
    await expect(masks.write(2n, Buffer.alloc(1))).rejects.toMatchObject(bagError(failed));
    await expect(writer.metadata('a', new Map())).rejects.toMatchObject(bagError(failed));
    await expect(writer.close()).rejects.toMatchObject(bagError(failed));
  } finally {
    await file.close();
  }
  expect(await readdir(folder)).toEqual([]);
});

test('a topic has one writer, and a type a definition', async () => {
  const writer = await BagWriter.create(path);
  await writer.topic('/mask', 'sensor_msgs/msg/Image', { qos: RELIABLE });
  await expect(writer.topic('/mask', 'sensor_msgs/msg/Image', { qos: RELIABLE })).rejects.toThrow('/mask');
  await expect(writer.topic('/a', 'std_msgs/msg/String', { qos: RELIABLE })).rejects.toThrow('std_msgs');
  await writer.abort();
});
