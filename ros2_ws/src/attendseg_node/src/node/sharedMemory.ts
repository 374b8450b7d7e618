import { closeSync, fstatSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { filesIn, openUnwaited } from '../fileAccess.js';

/** Where Fast DDS has its segments and ports, each with a file beside it that its owner has locked. */
export const FOLDER = '/dev/shm';

/** A line of /proc/self/maps: address, permissions, offset, device, inode, path. */
const MAPPING = /^\S+ \S+ \S+ \S+ (\d+) +(\/dev\/shm\/\S+)/gm;

const LOCK_EX = 2;
const LOCK_NB = 4;

/** A file whose lock this process has taken; it has it until it closes it. */
export interface TakenLock {
  readonly file: number;
  readonly name: string;
  /** Milliseconds since it was written: its owner's start. */
  readonly age: number;
}

/** Takes the locks that nobody has, of files whose names fit and that are this old. Whoever calls closes them. */
export function takeFreeLocks(pattern: RegExp, folder: string, leastAge = 0): TakenLock[] {
  const takes = locker();
  return filesIn(folder).flatMap((name) => {
    if (!pattern.test(name)) return [];
    try {
      const file = openThere(join(folder, name));
      const age = Date.now() - fstatSync(file).mtimeMs;
      if (age >= leastAge && takes(file)) return [{ file, name, age }];
      closeSync(file);
    } catch {
      // Another's, or gone meanwhile.
    }
    return [];
  });
}

/**
 * Opens a file in a folder where everybody may put something.
 * @returns the file's descriptor, to be read from
 * @throws Error if it is no file, another's, or gone
 */
export function openThere(path: string): number {
  const file = openUnwaited(path);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${path} is no file`);
}

/** @returns what takes a lock unless somebody else has it, and tells whether it has it now */
export function locker(): (file: number) => boolean {
  const flock = koffi.load(null).func('int flock(int, int)') as (file: number, how: number) => number;
  return (file) => flock(file, LOCK_EX | LOCK_NB) === 0;
}

/** What a process has open, by the descriptors; nothing without /proc. */
export function openFiles(process = '/proc/self'): { readonly file: number; readonly path: string }[] {
  return filesIn(`${process}/fd`).flatMap((fd) => {
    try {
      return [{ file: Number(fd), path: readlinkSync(`${process}/fd/${fd}`) }];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

/** The files of shared memory that a process has mapped, with the path that each had; none of another user's process. */
export function mappedFiles(process: string): { readonly inode: number; readonly path: string }[] {
  try {
    const maps = readFileSync(`${process}/maps`, 'utf8');
    return [...maps.matchAll(MAPPING)].map(([, inode, path]) => ({ inode: Number(inode), path: path! }));
  } catch {
    // No /proc, another's, or ended meanwhile.
    return [];
  }
}

/** Removes files of the folder, in this order. @returns whether it may: others' stay */
export function removeFrom(folder: string, names: readonly string[]): boolean {
  try {
    for (const name of names) rmSync(join(folder, name), { force: true });
    return true;
  } catch {
    return false;
  }
}
