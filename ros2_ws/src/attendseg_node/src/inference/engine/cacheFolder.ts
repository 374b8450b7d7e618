import { closeSync, fstatSync, lstatSync, readFileSync, realpathSync, statfsSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from '../../newFile.js';
import { openUnwaited } from '../../fileAccess.js';
import { EngineError } from './engineError.js';

/** Where engines are kept: as asked, else $ATTENDSEG_ENGINE_CACHE, else in the user's cache. */
export function cacheFolder(asked?: string): string {
  const named = asked ?? process.env['ATTENDSEG_ENGINE_CACHE'];
  return resolve(
    named === undefined || named === '' ? join(homedir(), '.cache/attendseg_node/engines') : named,
  );
}

/**
 * Makes the folder, for its owner alone, or checks that nobody else could put an engine into it: engines are executable
 * code. The folders above may be root's or shared with a sticky bit, so that nobody can put another one in its place.
 * @throws EngineError with the remedy
 */
export function openPrivateFolder(path: string): void {
  try {
    makeFolder(path, 0o700);
  } catch (error) {
    throw new EngineError(
      `engine cache ${path}: cannot be made (${codeOf(error)}); give another folder with --cache`,
    );
  }
  checkPrivateFolder(path);
}

/** @throws EngineError if it is not its owner's alone; ENOENT as it comes */
export function checkPrivateFolder(path: string): void {
  const real = realpathSync(path);
  const found = lstatSync(real);
  if (!found.isDirectory()) throw new EngineError(`engine cache ${path}: is no folder; give another --cache`);
  refuseOthers(`engine cache ${path}`, path, found);
  for (let above = dirname(real); ; above = dirname(above)) {
    const { uid, gid, mode } = lstatSync(above);
    if (uid !== 0 && uid !== me())
      throw new EngineError(
        `engine cache ${path}: user ${uid}, who owns ${above}, could replace it; give another --cache`,
      );
    if (othersMayReplace({ gid, mode }, me()))
      throw new EngineError(
        `engine cache ${path}: others may write ${above} (mode ${octal(mode)}), and so replace it; chmod go-w ${above}, or give another --cache`,
      );
    if (above === dirname(above)) return;
  }
}

/**
 * Reads a file that must be ours.
 * @throws EngineError if it is another user's, no file or writable by others; the file system's error
 */
export function readOwn(path: string): Buffer {
  const file = openUnwaited(path);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new EngineError(`engine cache: ${path} is no file; remove it`);
    refuseOthers(path, path, found);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** @throws EngineError if less than this many MiB are free, or nothing can be written */
export function needsRoom(path: string, mebibytes: number): void {
  const { bavail, bsize } = statfsSync(path);
  const free = (bavail * bsize) / 2 ** 20;
  if (free < mebibytes)
    throw new EngineError(
      `engine cache ${path}: ${Math.floor(free)} MiB are free, and a build needs ${mebibytes}; free some space, or give another --cache`,
    );
}

/**
 * Whether others than a folder's owner could put another one in the place of what is in it. A sticky bit keeps them from
 * it; and the group that Ubuntu makes for each user, of the same number, has no other members, and may write by default.
 */
export function othersMayReplace({ gid, mode }: { gid: number; mode: number }, user: number): boolean {
  if ((mode & 0o1000) !== 0) return false;
  const isOwnGroup = gid === user && user !== 0;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isOwnGroup);
}

function refuseOthers(what: string, path: string, { uid, mode }: Stats): void {
  if (uid !== me())
    throw new EngineError(
      `${what}: belongs to user ${uid}, and this is user ${me()}; engines are code, so give a --cache of your own, or change its owner`,
    );
  if ((mode & 0o022) !== 0)
    throw new EngineError(
      `${what}: others may write it (mode ${octal(mode)}); chmod go-w ${path} if you trust what is in it`,
    );
}

function me(): number {
  return process.geteuid!();
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8);
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
