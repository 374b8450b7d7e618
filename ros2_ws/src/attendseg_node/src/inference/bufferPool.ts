/**
 * Keeps byte buffers for the next frame of the same size. Buffers that were transferred to a worker come
 * back as new objects over the same memory, so the pool knows sizes, not identities.
 */
export class BufferPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #sizes: number;
  readonly #perSize: number;

  /** At most `sizes` different sizes are kept, the longest unused goes first, with `perSize` buffers of each. */
  constructor(sizes = 8, perSize = 4) {
    this.#sizes = sizes;
    this.#perSize = perSize;
  }

  /** A buffer of exactly `bytes`; its content is whatever was there. */
  take(bytes: number): ArrayBuffer {
    return this.#free.get(bytes)?.pop() ?? new ArrayBuffer(bytes);
  }

  /** Gives a buffer back. Detached ones (of length 0) are ignored. */
  give(buffer: ArrayBuffer): void {
    const bytes = buffer.byteLength;
    if (bytes === 0) return;
    const kept = this.#free.get(bytes) ?? [];
    this.#free.delete(bytes);
    this.#free.set(bytes, kept);
    if (kept.length < this.#perSize) kept.push(buffer);
    if (this.#free.size > this.#sizes) this.#free.delete(this.#free.keys().next().value!);
  }
}
