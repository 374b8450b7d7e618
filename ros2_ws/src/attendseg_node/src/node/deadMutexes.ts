import { closeSync, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../fileAccess.js';
import { FOLDER, mappedFiles, openThere, removeFrom } from './sharedMemory.js';

/** Taken by whoever opens or makes the port whose number it bears, in Fast DDS 2 and 3. */
const MUTEX = /^sem\.fast(?:rtps|dds)_port\d+_mutex$/;
/** Milliseconds between two looks: whoever has one gives it back within a few, unless it died. */
const AGAIN = 50;

/**
 * Frees the mutexes that killed processes had. Fast DDS waits two seconds for one before it makes another in its place,
 * so that the next start would be late by as much.
 * @returns the names of their files
 */
export function freeDeadMutexes(folder = FOLDER, processes = '/proc'): string[] {
  const dead = ownerless(filesIn(folder), folder, processes);
  if (dead.length === 0) return [];
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN);
  return ownerless(dead, folder, processes).filter((name) => removeFrom(folder, [name]));
}

/** Those that are taken, while all who have them mapped do nothing but wait for them, or nobody has. */
function ownerless(files: readonly string[], folder: string, processes: string): string[] {
  const taken = files.flatMap((name) => {
    const state = MUTEX.test(name) ? stateOf(join(folder, name)) : undefined;
    return state?.isTaken === true ? [{ name, ...state }] : [];
  });
  if (taken.length === 0) return [];
  const ids = filesIn(processes).filter((name) => /^\d+$/.test(name));
  // Who has them cannot be told where this very process is not to be seen.
  if (ids.length === 0) return [];
  const inodes = ids.flatMap((id) => mappedFiles(join(processes, id)).map(({ inode }) => inode));
  return taken
    .filter(({ inode, waiting }) => inodes.filter((each) => each === inode).length <= waiting)
    .map(({ name }) => name);
}

/** A POSIX semaphore of glibc on 64 bits: its value, at most 1, and how many wait for it (internaltypes.h, new_sem). */
function stateOf(path: string): { isTaken: boolean; waiting: number; inode: number } | undefined {
  let file;
  try {
    file = openThere(path);
    const bytes = Buffer.alloc(8);
    if (readSync(file, bytes) < bytes.length) return undefined;
    const [value, waiting] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
    return { isTaken: value === 0, waiting, inode: fstatSync(file).ino };
  } catch {
    // Gone, another's, or no file.
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
