import { fork, spawn, type ChildProcess } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ask, FileStat, Reply } from './machineReader.js';

/** What was looked for, or why it cannot be had: an errno name (ENOENT, EACCES), or TIMEOUT. */
export type Look<T> =
  { readonly value: T; readonly code?: undefined } | { readonly value?: undefined; readonly code: string };

/** What a program said, whether it ended well or not. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
}

/** A file of /proc or /sys answers at once, or never. */
const TIMEOUT_MS = 700;
const START_MS = 10_000;
const READER = fileURLToPath(new URL('./machineReader.js', import.meta.url));

/** What a code of a Look means, in words. */
export function toldCode(code: string): string {
  const words: Record<string, string> = {
    ENOENT: 'is not there',
    ENOTDIR: 'is not there',
    EACCES: 'may not be read by this user',
    EPERM: 'may not be read by this user',
    EISDIR: 'is a folder, not a file',
    TIMEOUT: 'does not answer',
  };
  return words[code] ?? `cannot be read (${code})`;
}

/**
 * The doctor's only way to the outside. Nothing here throws or blocks: files are looked at by a child process, which is
 * replaced when one of them does not answer, as the temperatures of switched-off units or a lost network drive may do.
 */
export class Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly #root: string;
  #reader: ChildProcess | undefined;
  /** Looks are taken one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param options `root` is a folder in whose files another machine is recorded; env and uid are that machine's, too */
  constructor(options: { root?: string; env?: NodeJS.ProcessEnv; uid?: number } = {}) {
    this.#root = options.root ?? '';
    this.env = options.env ?? process.env;
    this.uid = options.uid ?? process.getuid?.() ?? 0;
  }

  /** `/`, or the folder of a recorded machine. */
  get root(): string {
    return this.#root || '/';
  }

  /** A variable of the environment; one that is empty counts as not set, as in ROS. */
  variable(name: string): string | undefined {
    return this.env[name] || undefined;
  }

  get home(): string {
    return this.variable('HOME') ?? (this.#root === '' ? homedir() : '/root');
  }

  /** The first `bytes` of a file as text. */
  readText(path: string, { bytes = 65_536, timeoutMs = TIMEOUT_MS } = {}): Promise<Look<string>> {
    return this.#ask({ what: 'text', path: this.#root + path, bytes }, timeoutMs) as Promise<Look<string>>;
  }

  /** Names in a folder, in order. */
  list(path: string): Promise<Look<string[]>> {
    return this.#ask({ what: 'list', path: this.#root + path }, TIMEOUT_MS) as Promise<Look<string[]>>;
  }

  /** Follows links. */
  stat(path: string): Promise<Look<FileStat>> {
    return this.#ask({ what: 'stat', path: this.#root + path }, TIMEOUT_MS) as Promise<Look<FileStat>>;
  }

  /** May this user read and write it? */
  access(path: string): Promise<Look<true>> {
    return this.#ask({ what: 'access', path: this.#root + path }, TIMEOUT_MS) as Promise<Look<true>>;
  }

  /** Free bytes of the file system that a folder is in. */
  freeSpace(path: string): Promise<Look<number>> {
    return this.#ask({ what: 'space', path: this.#root + path }, TIMEOUT_MS) as Promise<Look<number>>;
  }

  /** Runs a program of this machine, given by its absolute path, without a shell. */
  run(program: string, args: readonly string[], timeoutMs = 3000): Promise<Look<Output>> {
    return runProgram(join(this.#root, program), args, this.env, timeoutMs);
  }

  /** Ends the child process. */
  close(): void {
    this.#reader?.kill('SIGKILL');
    this.#reader = undefined;
  }

  #ask(ask: Ask, timeoutMs: number): Promise<Look<unknown>> {
    const answer = this.#last.then(() => this.#askReader(ask, timeoutMs));
    this.#last = answer;
    return answer;
  }

  async #askReader(ask: Ask, timeoutMs: number): Promise<Look<unknown>> {
    if (this.#reader === undefined) {
      const reader = fork(READER, { stdio: 'ignore', execArgv: [] });
      reader.on('error', () => undefined);
      this.#reader = reader;
      // Of these the timer alone keeps this process alive: a reader that nothing can end is left behind.
      reader.unref();
      reader.channel?.unref();
      if ((await replyOf(reader, START_MS)) === undefined) {
        this.close();
        return { code: 'NO_READER' };
      }
    }
    const reader = this.#reader;
    const reply = replyOf(reader, timeoutMs);
    if (reader.connected) reader.send(ask, () => undefined);
    const said = await reply;
    if (said !== undefined) return said;
    this.close();
    return { code: 'TIMEOUT' };
  }
}

/** What the reader says next; undefined if it says nothing in time, or has ended. */
function replyOf(reader: ChildProcess, timeoutMs: number): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const end = (reply?: Reply): void => {
      clearTimeout(timer);
      reader.off('message', end).off('exit', ended);
      resolve(reply);
    };
    const ended = (): void => {
      end();
    };
    const timer = setTimeout(ended, timeoutMs);
    reader.on('message', end).on('exit', ended);
  });
}

/** Runs a program without a shell; it is killed when its time is over. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<Look<Output>> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    const end = (look: Look<Output>): void => {
      clearTimeout(timer);
      // What it has started may hold on to its outputs.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve(look);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      end({ code: 'TIMEOUT' });
    }, timeoutMs);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] = (said[name] + text).slice(0, 65_536);
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      end({ code: error.code ?? 'UNKNOWN' });
    });
    child.on('close', (exitCode) => {
      end({ value: { ...said, exitCode } });
    });
  });
}
