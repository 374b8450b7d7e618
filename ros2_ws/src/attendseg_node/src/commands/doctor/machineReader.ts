/** The child process in which Machine looks at files: it may hang in place of the doctor. */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  statfsSync,
  statSync,
} from 'node:fs';

export interface FileStat {
  /** Permissions alone. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly isFolder: boolean;
}

export type Ask =
  | { readonly what: 'text'; readonly path: string; readonly bytes: number }
  | { readonly what: 'list' | 'stat' | 'access' | 'space'; readonly path: string };

/** The first one only says that the process has started. */
export type Reply =
  | { readonly value: string | string[] | FileStat | number | true; readonly code?: undefined }
  | { readonly value?: undefined; readonly code: string };

process.on('message', (ask: Ask) => {
  process.send?.(reply(ask));
});
process.on('disconnect', () => process.exit());
process.send?.({ value: true } satisfies Reply);

function reply(ask: Ask): Reply {
  try {
    return { value: look(ask) };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
  }
}

function look(ask: Ask): string | string[] | FileStat | number | true {
  switch (ask.what) {
    case 'text':
      return readStart(ask.path, ask.bytes);
    case 'list':
      return readdirSync(ask.path).sort();
    case 'stat': {
      const found = statSync(ask.path);
      return { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, isFolder: found.isDirectory() };
    }
    case 'access':
      accessSync(ask.path, constants.R_OK | constants.W_OK);
      return true;
    case 'space': {
      const { bavail, bsize } = statfsSync(ask.path);
      return bavail * bsize;
    }
  }
}

/** Files of /proc and /sys say that they are empty, so they are read until there is no more. */
function readStart(path: string, bytes: number): string {
  const file = openSync(path, 'r');
  try {
    const content = Buffer.alloc(bytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes; length += read) {
      read = readSync(file, content, length, bytes - length, null);
    }
    return content.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}
