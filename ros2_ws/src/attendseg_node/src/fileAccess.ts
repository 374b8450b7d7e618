import { constants, openSync, readdirSync } from 'node:fs';

/**
 * Opens a file for reading that others may have put there: its name is not followed as a link, and no pipe is waited for.
 * Whether it is a file is the caller's to ask.
 * @returns its descriptor
 * @throws the file system's error
 */
export function openUnwaited(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** The names in a folder; none where it cannot be read. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
