import { align, ENCAPSULATION, putStamp, putString, type Stamp } from './cdr.js';

/**
 * The head of serialised sensor_msgs/msg/Image messages that differ only in stamp and pixels, little endian: everything
 * up to the pixels, built once. A message is then this head, the stamp, and the pixels that were drawn behind it.
 */
export class ImageCdr {
  readonly #head: Uint8Array;

  /** @param step bytes a row */
  constructor(
    readonly frameId: string,
    readonly encoding: string,
    readonly width: number,
    readonly height: number,
    readonly step: number,
  ) {
    const head = Buffer.alloc(64 + Buffer.byteLength(frameId) + Buffer.byteLength(encoding));
    head.set(ENCAPSULATION);
    const sizes = align(putString(head, 12, frameId), 4);
    head.writeUInt32LE(height, sizes);
    head.writeUInt32LE(width, sizes + 4);
    // is_bigendian, a byte of 0, lies between the encoding and the step.
    const end = align(putString(head, sizes + 8, encoding) + 1, 4);
    head.writeUInt32LE(step, end);
    head.writeUInt32LE(step * height, end + 4);
    this.#head = head.subarray(0, end + 8);
  }

  /** Bytes before the pixels. */
  get headroom(): number {
    return this.#head.length;
  }

  /** Completes a buffer whose pixels begin at `headroom`. */
  write(message: Buffer, stamp: Stamp): void {
    message.set(this.#head);
    putStamp(message, stamp);
  }
}
