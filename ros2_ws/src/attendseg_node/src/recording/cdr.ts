/** Pieces of CDR, little endian, as ROS 2 serialises messages. Offsets count from the message's first byte. */

/** The first four bytes: plain CDR, little endian. */
export const ENCAPSULATION = Uint8Array.of(0, 1, 0, 0);

/** Time of a message. */
export interface Stamp {
  /** int32 */
  readonly sec: number;
  /** uint32 */
  readonly nanosec: number;
}

/** Writes the stamp of a std_msgs/Header that is the message's first field. */
export function putStamp(message: Buffer, { sec, nanosec }: Stamp): void {
  message.writeInt32LE(sec, 4);
  message.writeUInt32LE(nanosec, 8);
}

/** Writes a string at an aligned offset. @returns the offset behind it */
export function putString(message: Buffer, offset: number, text: string): number {
  const bytes = Buffer.from(`${text}\0`);
  message.writeUInt32LE(bytes.length, offset);
  message.set(bytes, offset + 4);
  return offset + 4 + bytes.length;
}

/** The next offset that is a multiple of `to`, counted from behind the encapsulation. */
export function align(offset: number, to: number): number {
  return Math.ceil((offset - 4) / to) * to + 4;
}
