import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from './engineError.js';

const NAME = 'building.lock';
/** Milliseconds between two signs of life of who holds it. */
const BEAT = 2000;
/** Milliseconds after which one of another container or boot, whose processes cannot be seen, is taken for dead. */
const SILENCE = 60_000;

export interface Waiting {
  /** Throw at once if another one builds. */
  readonly wait: boolean;
  readonly onWait?: (pid: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * One builder at a time in a cache: two would spoil each other's timings, and a board's memory has no room for both.
 * Of a holder that was killed, the lock is taken over.
 */
export class BuilderLock {
  readonly #path: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string) {
    this.#path = path;
    this.#beat = setInterval(() => {
      try {
        const now = new Date();
        utimesSync(path, now, now);
      } catch {
        // Removed by hand: entries still come whole, by renaming.
      }
    }, BEAT);
  }

  /** @throws EngineError if it may not wait, or was interrupted; the file system's error */
  static async take(folder: string, { wait, onWait, signal }: Waiting): Promise<BuilderLock> {
    const path = join(folder, NAME);
    const mine = `${path}.${process.pid}`;
    // Linked, so that it is there with its content or not at all.
    writeFileSync(mine, JSON.stringify(self()), { mode: 0o600 });
    try {
      for (let told = false; ; told = true) {
        try {
          linkSync(mine, path);
          return new BuilderLock(path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
        const holder = readHolder(path);
        if (holder === undefined) continue;
        if (holder.isDead) {
          takeAway(path, holder.text);
          continue;
        }
        const { pid } = holder;
        if (!wait)
          throw new EngineError(
            `engine cache ${folder}: process ${pid} builds an engine; wait for it, or end it`,
          );
        if (!told) onWait?.(pid);
        await sleep(500, undefined, signal === undefined ? {} : { signal }).catch(() => {
          throw new EngineError(
            `engine cache ${folder}: interrupted while process ${pid} builds; build it again`,
          );
        });
      }
    } finally {
      rmSync(mine, { force: true });
    }
  }

  release(): void {
    clearInterval(this.#beat);
    rmSync(this.#path, { force: true });
  }
}

interface Identity {
  readonly pid: number;
  /** When it started, in ticks: ids of processes are used again. */
  readonly started: string;
  /** The boot and the container in which the id means something. */
  readonly place: string;
}

function self(): Identity {
  return { pid: process.pid, started: startOf(process.pid) ?? '', place: place() };
}

function readHolder(path: string): { pid: number; isDead: boolean; text: string } | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const silence = Math.abs(Date.now() - statSync(path).mtimeMs);
    const holder = parse(text);
    const isDead = holder?.place === place() ? startOf(holder.pid) !== holder.started : silence > SILENCE;
    return { pid: holder?.pid ?? 0, isDead, text };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Identity | undefined {
  try {
    return JSON.parse(text) as Identity;
  } catch {
    return undefined;
  }
}

/** Renaming takes it from one only of those who found it dead; whoever took a new one instead gives it back. */
function takeAway(path: string, expected: string): void {
  const away = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, away);
    if (readFileSync(away, 'utf8') !== expected) linkSync(away, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(away, { force: true });
  }
}

function place(): string {
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** Undefined for processes that are no more; one that was killed and nobody has asked after is none, too. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /^[ZX]/.test(fields[0] ?? '') ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
