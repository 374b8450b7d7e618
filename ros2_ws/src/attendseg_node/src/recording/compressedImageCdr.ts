import { align, ENCAPSULATION, putStamp, putString, type Stamp } from './cdr.js';

/** The format of masks as PNG files; the space at the end is image_transport's. */
export const PNG_MASK = 'mono8; png compressed ';

/**
 * The head of serialised sensor_msgs/msg/CompressedImage messages that differ only in stamp and file, little endian. A
 * message is this head, the stamp, the file's length, and the file behind it.
 */
export class CompressedImageCdr {
  readonly #head: Buffer;

  /** @param format such as `mono8; png compressed ` */
  constructor(
    readonly frameId: string,
    format: string,
  ) {
    const head = Buffer.alloc(64 + Buffer.byteLength(frameId) + Buffer.byteLength(format));
    head.set(ENCAPSULATION);
    const end = align(putString(head, align(putString(head, 12, frameId), 4), format), 4);
    this.#head = head.subarray(0, end + 4);
  }

  /** Bytes before the file. */
  get headroom(): number {
    return this.#head.length;
  }

  /** Completes a buffer whose file of `bytes` begins at `headroom`. */
  write(message: Buffer, stamp: Stamp, bytes: number): void {
    message.set(this.#head);
    putStamp(message, stamp);
    message.writeUInt32LE(bytes, this.headroom - 4);
  }
}
