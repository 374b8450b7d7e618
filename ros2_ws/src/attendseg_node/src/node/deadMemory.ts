import { closeSync, constants, openSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FOLDER, locker, names } from './sharedMemory.js';

/** Locked by the process whose segment of shared memory it belongs to, in Fast DDS 2 and 3. */
const LOCK = /^(fast(?:rtps|dds)_[0-9a-f]{16})_el$/;
/** Milliseconds: who starts makes the file, and locks it a moment later. launch waits as long with a new start. */
const YOUNG = 1000;

/**
 * Frees the shared memory of Fast DDS that killed processes left, 64 MiB each with our profile: whoever had it open
 * does that, but nobody does where all were killed, or nobody had received anything. Others' that may not be removed stay.
 * @returns the names of the segments
 */
export function freeDeadMemory(folder = FOLDER): string[] {
  const isFree = locker();
  return names(folder).flatMap((name) => {
    const segment = LOCK.exec(name)?.[1];
    if (segment === undefined) return [];
    try {
      const lock = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const age = Date.now() - statSync(join(folder, name)).mtimeMs;
        if (age < YOUNG || !isFree(lock)) return [];
        remove(folder, segment);
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

/**
 * Frees this process's own segments, for one that ends without asking Fast DDS to. Who has received from them keeps what
 * it has open.
 * @returns the names of the segments
 */
export function freeOwnMemory(folder = FOLDER): string[] {
  const isFree = locker();
  return names('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      const segment = dirname(path) === folder ? LOCK.exec(basename(path))?.[1] : undefined;
      // Fast DDS looks at others' now and then: that one is locked by its owner, and an own one by this very descriptor.
      if (segment === undefined || !isFree(Number(fd))) return [];
      remove(folder, segment);
      return [segment];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

function remove(folder: string, segment: string): void {
  // The lock last: as long as it is there, another start finds what this one could not remove.
  for (const name of [segment, `${segment}_el`]) rmSync(join(folder, name), { force: true });
}
