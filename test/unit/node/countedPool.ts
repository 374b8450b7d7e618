import { BufferPool } from '#inference/bufferPool.js';
import { holdPicture, type HeldPicture, type Picture } from '#inference/heldPicture.js';

/** Knows how many of its buffers are with somebody: never the same twice. */
export class CountedPool extends BufferPool {
  readonly #away = new Set<ArrayBuffer>();

  get away(): number {
    return this.#away.size;
  }

  override take(bytes: number): ArrayBuffer {
    const buffer = super.take(bytes);
    this.#away.add(buffer);
    return buffer;
  }

  override give(buffer: ArrayBuffer): void {
    if (!this.#away.delete(buffer)) throw new Error('a buffer came back that was not away');
    super.give(buffer);
  }

  readonly hold = (picture: Picture, maxPixels?: number): HeldPicture =>
    holdPicture(picture, this, maxPixels);
}
