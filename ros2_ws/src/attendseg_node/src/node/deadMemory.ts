import { closeSync, constants, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

const FOLDER = '/dev/shm';
/** Locked by the process whose segment of shared memory it belongs to, in Fast DDS 2 and 3. */
const LOCK = /^(fast(?:rtps|dds)_[0-9a-f]{16})_el$/;
/** Milliseconds: who starts makes the file, and locks it a moment later. launch waits as long with a new start. */
const YOUNG = 1000;

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Frees the shared memory of Fast DDS that killed processes left, 64 MiB each with our profile: whoever had it open
 * does that, but nobody does where all were killed, or nobody had received anything. Others' that may not be removed stay.
 * @returns the names of the segments
 */
export function freeDeadMemory(folder = FOLDER): string[] {
  const flock = koffi.load(null).func('int flock(int, int)') as (file: number, how: number) => number;
  return names(folder).flatMap((name) => {
    const segment = LOCK.exec(name)?.[1];
    if (segment === undefined) return [];
    try {
      const lock = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const age = Date.now() - statSync(join(folder, name)).mtimeMs;
        if (age < YOUNG || flock(lock, LOCK_EX | LOCK_NB) !== 0) return [];
        // The lock last: as long as it is there, another start finds what this one could not remove.
        for (const dead of [segment, name]) rmSync(join(folder, dead), { force: true });
        return [segment];
      } finally {
        closeSync(lock);
      }
    } catch {
      // Another's, or gone meanwhile.
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
