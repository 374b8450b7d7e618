import { existsSync } from 'node:fs';
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

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

  /** @throws the file system's error */
  static async create(path: string): Promise<NewFile> {
    const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
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

/** By a link, which replaces nothing; some file systems of sticks and shares have none. */
async function giveName(unfinished: string, path: string): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw error;
    await rename(unfinished, path);
  }
}
