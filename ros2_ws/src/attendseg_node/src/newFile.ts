import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Names of unfinished files: of `NAME` beside it. */
export const UNFINISHED = /^\.(.+)\.\d+\.part$/;

/** A new file that has its name only when it is whole, whatever ends the program: a temporary one beside it first. */
export class NewFile {
  readonly #unfinished: string;

  private constructor(
    readonly path: string,
    unfinished: string,
    readonly handle: FileHandle,
  ) {
    this.#unfinished = unfinished;
  }

  /**
   * @param mark stands in the temporary name, too
   * @throws the file system's error
   */
  static async create(path: string, mark = ''): Promise<NewFile> {
    const unfinished = unfinishedName(path, mark);
    return new NewFile(path, unfinished, await open(unfinished, 'w'));
  }

  /**
   * Gives it its name; it is closed then. To be followed by discard() if this fails.
   * @throws the file system's error; EEXIST, and nothing replaced, if there is one of that name
   */
  async keep(): Promise<void> {
    // A name without content would be left by a power cut.
    await this.handle.sync();
    await this.handle.close();
    await giveName(this.#unfinished, this.path);
    await rm(this.#unfinished, { force: true });
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await this.handle.close();
    await rm(this.#unfinished, { force: true });
  }
}

/** Makes a folder and those above it. @throws the file system's error, which Node gives as ENOENT where it is read-only */
export function makeFolder(path: string, mode?: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    let first = resolve(path);
    while (!existsSync(dirname(first))) first = dirname(first);
    // Says why; if it works now, another process was at it.
    mkdirSync(first, { mode });
    throw error;
  }
}

/** The temporary name of a file or folder that this process writes. */
export function unfinishedName(path: string, mark = ''): string {
  const marked = mark === '' ? '' : `.${mark}`;
  return join(dirname(path), `.${basename(path)}${marked}.${process.pid}.part`);
}

/**
 * What a process that has ended left of a file or folder with this mark: the one that was written last.
 * @throws Error if a process that runs still writes it
 */
export function leftBehind(path: string, mark: string): string | undefined {
  const folder = dirname(path);
  const start = `.${basename(path)}.${mark}.`;
  const left = readdirSync(folder)
    .filter((name) => name.startsWith(start) && UNFINISHED.test(name))
    .map((name) => ({ name, pid: Number(/\.(\d+)\.part$/.exec(name)?.[1]) }));
  for (const { name, pid } of left) {
    if (pid !== process.pid && isRunning(pid))
      throw new Error(
        `${path}: process ${pid} is writing it; wait for it, or remove ${join(folder, name)} if that is another program`,
      );
  }
  return left
    .map(({ name }) => join(folder, name))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .at(-1);
}

/** One that was killed and that nobody has asked after, as happens in containers, does not. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** By a link, which replaces nothing; some file systems of sticks and shares have none. */
async function giveName(unfinished: string, path: string): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw error;
    await rename(unfinished, path);
  }
}
