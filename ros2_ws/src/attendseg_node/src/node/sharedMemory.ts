import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

/** Where Fast DDS has its segments and ports, each with a file beside it that its owner has locked. */
export const FOLDER = '/dev/shm';

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
  return names(folder).flatMap((name) => {
    if (!pattern.test(name)) return [];
    try {
      const file = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      const age = Date.now() - fstatSync(file).mtimeMs;
      if (age >= leastAge && takes(file)) return [{ file, name, age }];
      closeSync(file);
    } catch {
      // Another's, or gone meanwhile.
    }
    return [];
  });
}

/** @returns what takes a lock unless somebody else has it, and tells whether it has it now */
export function locker(): (file: number) => boolean {
  const flock = koffi.load(null).func('int flock(int, int)') as (file: number, how: number) => number;
  return (file) => flock(file, LOCK_EX | LOCK_NB) === 0;
}

/** What a process has open, by the descriptors; nothing without /proc. */
export function openFiles(process = '/proc/self'): { readonly file: number; readonly path: string }[] {
  return names(`${process}/fd`).flatMap((fd) => {
    try {
      return [{ file: Number(fd), path: readlinkSync(`${process}/fd/${fd}`) }];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
