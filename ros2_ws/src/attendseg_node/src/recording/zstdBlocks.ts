import { zstdHeader } from './zstd.js';
import { checkBlock, type Tables } from './zstdSequences.js';

/** What a zstd decompressor may be told to look back at: what RFC 8878, 3.1.1.1.2, asks of both sides. */
export const WINDOW_LIMIT = 2 ** 23;

/** No block unpacks to more; RFC 8878, 3.1.1.2.4. */
const BLOCK_LIMIT = 2 ** 17;

/**
 * The decompressor copies its window behind each block. So many bytes of that are let pass for each that is unpacked,
 * half a millisecond for 2 KiB, and so many without any: shorter blocks, made for it, would take hours.
 */
const COPIED_FOR_EACH = 2 ** 12;
const COPIED_FREE = 2 ** 32;

const RAW = 0;
const REPEATED = 1;
const RESERVED = 3;

/**
 * Follows a zstd stream block by block, ahead of a decompressor that believes what a damaged block claims. Nothing is
 * unpacked.
 */
export class ZstdBlocks {
  /** Bytes of a block, or of a header, that has not come whole. */
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes that do not count: checksums, and frames that are to be skipped. */
  #skip = 0;
  /** Of this frame; undefined between frames. */
  #window: number | undefined;
  #copied = 0;
  #unpacked = 0;
  #hasChecksum = false;
  #tables: Tables | undefined;

  /**
   * Looks at the next bytes of the stream.
   * @returns how many of them lie before what is damaged, and how; all of them, where nothing is
   */
  look(bytes: Uint8Array): { readonly good: number; readonly damage?: Error } {
    const before = this.#rest.length;
    const all = before === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    try {
      for (let taken = 1; taken > 0; at += taken) taken = this.#take(all.subarray(at));
    } catch (error) {
      return { good: Math.max(0, at - before), damage: error as Error };
    }
    this.#rest = all.subarray(at);
    return { good: bytes.length };
  }

  /** @returns how many bytes were whole, and good; 0: more must come. @throws Error that says what is wrong */
  #take(bytes: Uint8Array): number {
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      return skipped;
    }
    return this.#window === undefined ? this.#takeHeader(bytes) : this.#takeBlock(bytes, this.#window);
  }

  #takeHeader(bytes: Uint8Array): number {
    if (bytes.length < 8) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(0, true) >>> 4 === 0x184d2a5) {
      this.#skip = view.getUint32(4, true);
      return 8;
    }
    if (view.getUint32(0, true) !== 0xfd2fb528) throw new Error('no zstd frame begins where one should');
    const header = zstdHeader(bytes);
    if (header === undefined) return 0;
    const { window, length } = header;
    if (window > WINDOW_LIMIT)
      throw new Error(`a zstd frame needs ${window} bytes at once, at most ${WINDOW_LIMIT} are lent`);
    this.#window = window;
    this.#hasChecksum = (bytes[4]! & 4) !== 0;
    this.#tables = undefined;
    return length;
  }

  #takeBlock(bytes: Uint8Array, window: number): number {
    const most = Math.min(window, BLOCK_LIMIT);
    if (bytes.length < 3) return 0;
    const word = bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16);
    const [isLast, type, size] = [word % 2 === 1, (word >> 1) & 3, word >> 3];
    if (type === RESERVED) throw new Error('a zstd block is damaged: it is of no type');
    if (size > most)
      throw new Error(`a zstd block is damaged: it has ${size} bytes, at most ${most} are allowed`);
    const length = 3 + (type === REPEATED ? 1 : size);
    if (length > bytes.length) return 0;
    if (type === RAW || type === REPEATED) {
      this.#unpacked += size;
    } else {
      const checked = checkBlock(bytes.subarray(3, length), most, this.#tables);
      this.#tables = checked.tables;
      this.#unpacked += checked.size;
    }
    this.#copied += window;
    if (this.#copied > COPIED_FREE + COPIED_FOR_EACH * this.#unpacked)
      throw new Error(`zstd blocks of so few bytes take too long where ${window} must be looked back at`);
    if (isLast) {
      this.#window = undefined;
      this.#skip = this.#hasChecksum ? 4 : 0;
    }
    return length;
  }
}
