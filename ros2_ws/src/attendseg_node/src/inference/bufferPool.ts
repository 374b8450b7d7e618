import { MessageChannel } from 'node:worker_threads';

/** Bytes that a pool keeps at most, unless told otherwise: enough for the frames of a 4K camera. */
export const POOL_BYTES = 256 * 2 ** 20;
/** A size that was not asked for during so many takes is let go: one huge frame does not stay for ever. */
const PATIENCE = 64;

/**
 * Keeps byte buffers for the next frame of the same size. Buffers that were transferred to a worker come
 * back as new objects over the same memory, so the pool knows sizes, not identities.
 */
export class BufferPool {
  /** By size in bytes; the longest unused is first. */
  readonly #free = new Map<number, { readonly buffers: ArrayBuffer[]; readonly used: number }>();
  #bytes = 0;
  #takes = 0;

  /** Keeps at most `maxBytes`; what has been unused longest goes first. */
  constructor(private maxBytes = POOL_BYTES) {}

  /** Bytes that are kept for later. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of exactly `bytes`; its content is whatever was there. @throws RangeError if memory is short */
  take(bytes: number): ArrayBuffer {
    this.#takes++;
    const buffer = this.#touch(bytes).pop();
    if (buffer === undefined) return new ArrayBuffer(bytes);
    this.#bytes -= bytes;
    return buffer;
  }

  /** Gives a buffer back. Detached ones (of length 0) are ignored. */
  give(buffer: ArrayBuffer): void {
    const bytes = buffer.byteLength;
    if (bytes === 0) return;
    this.#touch(bytes).push(buffer);
    this.#bytes += bytes;
    for (const [size, { buffers, used }] of this.#free) {
      if (this.#bytes <= this.maxBytes && this.#takes - used <= PATIENCE) break;
      this.#free.delete(size);
      this.#bytes -= size * buffers.length;
      freeBuffers(buffers);
    }
  }

  /** Frees what it keeps, and what is given back from now on. */
  close(): void {
    this.maxBytes = 0;
    freeBuffers([...this.#free.values()].flatMap(({ buffers }) => buffers));
    this.#free.clear();
    this.#bytes = 0;
  }

  /** The buffers of a size, which from now on is the last used. */
  #touch(bytes: number): ArrayBuffer[] {
    const buffers = this.#free.get(bytes)?.buffers ?? [];
    this.#free.delete(bytes);
    this.#free.set(bytes, { buffers, used: this.#takes });
    return buffers;
  }
}

/**
 * Frees memory at once, which garbage collection does late: nothing but a need for more makes V8 look for it. Buffers
 * that are sent to a port that closes before it reads them end with it.
 */
export function freeBuffers(buffers: readonly ArrayBuffer[]): void {
  if (buffers.length === 0) return;
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(undefined, buffers);
  port2.close();
}
