import { closeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FOLDER, locker, openFiles, removeFrom, takeFreeLocks } from './sharedMemory.js';

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
  return takeFreeLocks(LOCK, folder, YOUNG).flatMap(({ file, name }) => {
    const removed = remove(folder, name);
    closeSync(file);
    return removed;
  });
}

/**
 * Frees this process's own segments, for one that ends without asking Fast DDS to. Who has received from them keeps what
 * it has open.
 * @returns the names of the segments
 */
export function freeOwnMemory(folder = FOLDER): string[] {
  const takes = locker();
  return openFiles().flatMap(({ file, path }) => {
    const name = basename(path);
    // Fast DDS looks at others' now and then: that one is locked by its owner, and an own one by this very descriptor.
    return dirname(path) === folder && LOCK.test(name) && takes(file) ? remove(folder, name) : [];
  });
}

/** @returns the name of the segment whose lock this is; none if it may not be removed */
function remove(folder: string, lock: string): string[] {
  const segment = LOCK.exec(lock)![1]!;
  // The lock last: as long as it is there, another start finds what this one could not remove.
  return removeFrom(folder, [segment, lock]) ? [segment] : [];
}
