import { errorText } from './errorText.js';

const REMEDIES: Readonly<Record<string, string>> = {
  EEXIST: 'move it away, or give another name',
  ENOENT: 'make its folder first',
  ENOSPC: 'free space on that disk, or write to another one',
  EDQUOT: 'free space on that disk, or write to another one',
  EFBIG: 'write to a file system that takes larger files',
  EROFS: 'make that file system writable, or write to another one',
};

/** Why a path cannot be written, by the file system's error: in one line with the remedy. */
export function cannotWrite(path: string, error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  // The system's errors go on with the call and the temporary name.
  const cause = /\bE[A-Z]+: ([^,]+)/.exec(errorText(error))?.[1] ?? errorText(error);
  return `${path}: cannot be written (${cause}); ${REMEDIES[code] ?? 'give another path'}`;
}

/** Calls what writes a path. @throws Error naming path, cause and remedy in place of the file system's errors */
export async function writing<T>(path: string, write: () => T | Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new Error(cannotWrite(path, error), { cause: error });
    throw error;
  }
}
