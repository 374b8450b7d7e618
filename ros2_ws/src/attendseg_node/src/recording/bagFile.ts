import { type FileHandle, open } from 'node:fs/promises';
import { errorText } from '../errorText.js';
import { BagError } from './bag.js';

/** No piece of a bag larger than this is taken into memory, whatever the file claims. */
export const PIECE_LIMIT = 2 ** 30;

/** What a file is, told from its first bytes. */
export type FileKind = 'mcap' | 'sqlite' | 'zstd';

const MAGICS: readonly (readonly [FileKind, Buffer])[] = [
  ['mcap', Buffer.from('\x89MCAP0\r\n', 'latin1')],
  ['sqlite', Buffer.from('SQLite format 3\0', 'latin1')],
  ['zstd', Buffer.of(0x28, 0xb5, 0x2f, 0xfd)],
];

/** A file of a bag, read at any offset. Nothing is allocated for bytes that it does not hold. */
export class BagFile {
  readonly #handle: FileHandle;

  private constructor(
    /** For people: of a file that was unpacked, the name of the packed one. */
    readonly path: string,
    readonly size: number,
    readonly kind: FileKind,
    handle: FileHandle,
  ) {
    this.#handle = handle;
  }

  /**
   * Opens a file that some reader knows.
   * @param name for people, where it is another than the path
   * @throws BagError that names file, cause and remedy
   */
  static async open(path: string, name = path): Promise<BagFile> {
    let handle;
    try {
      handle = await open(path);
      const info = await handle.stat();
      if (!info.isFile()) throw new Error('it is no file');
      const head = Buffer.alloc(16);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      if (bytesRead === 0) throw new Error('it is empty');
      const kind = MAGICS.find(([, magic]) => head.subarray(0, magic.length).equals(magic))?.[0];
      if (kind === undefined) throw new Error('it begins like no MCAP, SQLite or zstd file');
      return new BagFile(name, info.size, kind, handle);
    } catch (error) {
      await handle?.close();
      throw new BagError(
        `bag ${name}: cannot be opened: ${errorText(error)}; give a file or folder that ros2 bag recorded`,
      );
    }
  }

  /** @throws Error that says why these bytes cannot be had */
  async read(offset: number, length: number): Promise<Buffer> {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new Error(`claims ${length} bytes at byte ${offset}, but the file ends at byte ${this.size}`);
    }
    if (length > PIECE_LIMIT)
      throw new Error(`claims ${length} bytes; at most ${PIECE_LIMIT} are read at once`);
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0)
        throw new Error(`has become shorter while it was read: it ends at byte ${offset + done}`);
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Reads a file from front to back: small pieces come out of a larger one that was read ahead. */
export class ForwardReader {
  static readonly AHEAD = 2 ** 20;
  #ahead: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(readonly file: BagFile) {}

  /** A view, good until the next call. @throws as BagFile.read */
  async bytes(offset: number, length: number): Promise<Buffer> {
    const at = offset - this.#from;
    if (at < 0 || at + length > this.#ahead.length) {
      const more = Math.min(ForwardReader.AHEAD, this.file.size - offset);
      this.#ahead = await this.file.read(offset, Math.max(length, more));
      this.#from = offset;
      return this.#ahead.subarray(0, length);
    }
    return this.#ahead.subarray(at, at + length);
  }
}
