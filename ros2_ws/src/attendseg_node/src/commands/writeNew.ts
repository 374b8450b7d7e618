import { existsSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Names that writeNew gives to unfinished files: of `NAME` beside it. */
export const UNFINISHED = /^\.(.+)\.\d+\.part$/;

/**
 * Writes a new file that has its name only when it is whole, whatever ends the program: a temporary one beside it first.
 * @throws the file system's error; EEXIST, and nothing replaced, if there is one of that name
 */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    const file = await open(unfinished, 'w');
    try {
      await file.writeFile(content);
      // A name without content would be left by a power cut.
      await file.sync();
    } finally {
      await file.close();
    }
    await giveName(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** By a link, which replaces nothing; some file systems of sticks and shares have none. */
async function giveName(unfinished: string, path: string): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw error;
    await rename(unfinished, path);
  }
}
