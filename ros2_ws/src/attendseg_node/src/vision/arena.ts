import type { Kernels } from './kernels.js';

const PAGE = 65536;
/** The kernels keep no data of their own; only address 0 is left alone. */
const BASE = 64;
/** Kernels work in whole vectors and may touch this many bytes past the end of a region. */
const SLACK = 64;

/**
 * The memory of the kernels, handed out in regions that live until the next `reset`. It grows when it has to, and
 * growing replaces the views: use `bytes`, `int16`, `int32` and `float32` afresh each time.
 */
export class Arena {
  bytes!: Uint8Array;
  int16!: Int16Array;
  int32!: Int32Array;
  float32!: Float32Array;
  readonly #memory: Kernels['memory'];
  #top = BASE;

  constructor(memory: Kernels['memory']) {
    this.#memory = memory;
    this.#view();
  }

  /** Gives all regions back. */
  reset(): void {
    this.#top = BASE;
  }

  /** The address of a new region, aligned to 64 bytes, with slack behind it. Its content is arbitrary. */
  take(bytes: number): number {
    const address = this.#top;
    this.#top = (address + bytes + SLACK + 63) & ~63;
    const missing = this.#top - this.bytes.length;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#view();
    }
    return address;
  }

  #view(): void {
    const { buffer } = this.#memory;
    this.bytes = new Uint8Array(buffer);
    this.int16 = new Int16Array(buffer);
    this.int32 = new Int32Array(buffer);
    this.float32 = new Float32Array(buffer);
  }
}
