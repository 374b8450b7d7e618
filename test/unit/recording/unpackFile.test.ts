import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFile } from '#recording/openFile.js';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attendseg-packed-'));
  path = join(folder, 'drive.mcap.zstd');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

test.each([
  ['a cut header', [...MAGIC, 0x80], 'its zstd header is cut; record or copy it again'],
  [
    'a window of 16 MiB',
    [...MAGIC, 0, 14 << 3, 1, 0, 0],
    'it must look back at 16777216 bytes, at most 8388608 are lent; unpack it yourself: zstd -d --long=31 PATH',
  ],
  [
    'a first block of no type',
    [...MAGIC, 0, 0, 7, 0, 0],
    'its zstd stream is damaged: a zstd block is damaged: it is of no type; record or copy it again',
  ],
])('%s is refused with what to do', async (_, bytes, why) => {
  writeFileSync(path, Uint8Array.from(bytes));
  const message = `bag ${path}: cannot be unpacked to `;
  await expect(openFile(path)).rejects.toThrow(message);
  await expect(openFile(path)).rejects.toThrow(`: ${why.replace('PATH', path)}`);
});

test('what is packed twice is told so', async () => {
  await isLoaded;
  writeFileSync(path, compress(compress(Uint8Array.of(1, 2, 3))));
  await expect(openFile(path)).rejects.toThrow(`is packed twice; unpack it once: zstd -d ${path}`);
});
