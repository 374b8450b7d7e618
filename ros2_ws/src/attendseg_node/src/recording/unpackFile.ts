import { Decompress } from 'fzstd';
import { closeSync, openSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../errorText.js';
import { BagError } from './bag.js';
import type { BagFile } from './bagFile.js';
import type { Problems } from './problems.js';
import { zstdHeader } from './zstd.js';
import { WINDOW_LIMIT, ZstdBlocks } from './zstdBlocks.js';

/** Packed bytes that are read at once, and unpacked without looking at anything else. */
const STEP = 2 ** 14;

/**
 * Unpacks a zstd file as a stream. What comes before damaged bytes is unpacked, and the damage noted.
 * @param target a new file
 * @throws BagError if nothing of it can be unpacked, or there is no space for it
 */
export async function unpackFile(packed: BagFile, target: string, problems: Problems): Promise<void> {
  const refuse = (cause: string, remedy: string): BagError =>
    new BagError(`bag ${packed.path}: cannot be unpacked to ${target}: ${cause}; ${remedy}`);
  const another = 'record or copy it again';
  const { size, window } = zstdHeader(await packed.read(0, Math.min(packed.size, 18))) ?? {};
  if (window === undefined) throw refuse('its zstd header is cut', another);
  const yourself = `unpack it yourself: zstd -d --long=31 ${packed.path}`;
  if (window > WINDOW_LIMIT)
    throw refuse(`it must look back at ${window} bytes, at most ${WINDOW_LIMIT} are lent`, yourself);
  const { bavail, bsize } = await statfs(dirname(target));
  const space = `set TMPDIR to a disk with more space, or unpack it yourself: zstd -d ${packed.path}`;
  if (size !== undefined && size > bavail * bsize)
    throw refuse(`it takes ${size} bytes, the disk has less`, space);

  const file = openSync(target, 'wx');
  let written = 0;
  let full: unknown;
  // Written at once: a few packed bytes may hold gigabytes.
  const stream = new Decompress((bytes) => {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      written += bytes.length;
    } catch (error) {
      full = error;
      throw error;
    }
  });
  const blocks = new ZstdBlocks();
  let at = 0;
  try {
    for (; at < packed.size; at += STEP) {
      const bytes = await packed.read(at, Math.min(STEP, packed.size - at));
      const { good, damage } = blocks.look(bytes);
      stream.push(bytes.subarray(0, good), damage === undefined && at + good === packed.size);
      if (damage !== undefined) throw damage;
    }
  } catch (error) {
    if (full !== undefined) throw refuse(errorText(full), space);
    if (written === 0) throw refuse(`its zstd stream is damaged: ${errorText(error)}`, another);
    problems.add(
      `${packed.path}, byte ${at}: the zstd stream is cut or damaged there (${errorText(error)}); what unpacks before it, ${written} bytes, is read`,
    );
  } finally {
    closeSync(file);
  }
}
