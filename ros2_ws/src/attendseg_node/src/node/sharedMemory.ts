import { readdirSync } from 'node:fs';
import koffi from 'koffi';

/** Where Fast DDS has its segments and ports, each with a file beside it that its owner has locked. */
export const FOLDER = '/dev/shm';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** @returns what takes a lock unless somebody else has it, and tells whether it has it now */
export function locker(): (file: number) => boolean {
  const flock = koffi.load(null).func('int flock(int, int)') as (file: number, how: number) => number;
  return (file) => flock(file, LOCK_EX | LOCK_NB) === 0;
}

/** Of what is in a folder; nothing where there is none. */
export function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
