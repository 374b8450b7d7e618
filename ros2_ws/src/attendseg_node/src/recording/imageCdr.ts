/** Layout of sensor_msgs/msg/Image in CDR, little endian. Offsets are relative to the four bytes of encapsulation. */
const ENCAPSULATION = Uint8Array.of(0, 1, 0, 0);
const SEC = 4;
const NANOSEC = 8;
const FRAME_ID = 12;

export interface Stamp {
  /** int32 */
  readonly sec: number;
  /** uint32 */
  readonly nanosec: number;
}

/**
 * The head of serialised images that differ only in stamp and pixels: everything up to the pixels, built once.
 * A message is then this head, the stamp, and the pixels that were drawn behind it.
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
    const frame = Buffer.from(`${frameId}\0`);
    const name = Buffer.from(`${encoding}\0`);
    const sizes = align(FRAME_ID + 4 + frame.length - 4, 4) + 4;
    const bigEndian = sizes + 12 + name.length;
    const end = align(bigEndian + 1 - 4, 4) + 4;
    const head = Buffer.alloc(end + 8);
    head.set(ENCAPSULATION);
    head.writeUInt32LE(frame.length, FRAME_ID);
    head.set(frame, FRAME_ID + 4);
    head.writeUInt32LE(height, sizes);
    head.writeUInt32LE(width, sizes + 4);
    head.writeUInt32LE(name.length, sizes + 8);
    head.set(name, sizes + 12);
    head.writeUInt32LE(step, end);
    head.writeUInt32LE(step * height, end + 4);
    this.#head = head;
  }

  /** Bytes before the pixels. */
  get headroom(): number {
    return this.#head.length;
  }

  /** Completes a buffer whose pixels begin at `headroom`. */
  write(message: Buffer, stamp: Stamp): void {
    message.set(this.#head);
    message.writeInt32LE(stamp.sec, SEC);
    message.writeUInt32LE(stamp.nanosec, NANOSEC);
  }
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
