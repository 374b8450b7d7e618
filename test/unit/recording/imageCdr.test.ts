import { expect, test } from '@jest/globals';
import { ImageCdr } from '#recording/imageCdr.js';

/** Reads what was written by the rules of CDR, independently of how it was written. */
function parse(message: Buffer): Record<string, unknown> {
  let offset = 4;
  const align = (): void => {
    offset = 4 + Math.ceil((offset - 4) / 4) * 4;
  };
  const uint32 = (): number => {
    align();
    offset += 4;
    return message.readUInt32LE(offset - 4);
  };
  const text = (): string => {
    const length = uint32();
    offset += length;
    expect(message[offset - 1]).toBe(0);
    return message.toString('utf8', offset - length, offset - 1);
  };
  const head = message.subarray(0, 4).toString('hex');
  const sec = uint32() | 0;
  const nanosec = uint32();
  const frameId = text();
  const height = uint32();
  const width = uint32();
  const encoding = text();
  const isBigEndian = message[offset++];
  const step = uint32();
  const length = uint32();
  return { head, sec, nanosec, frameId, height, width, encoding, isBigEndian, step, length, data: offset };
}

test.each(['', 'a', 'ab', 'abc', 'abcd', 'camera_front_optical_frame', 'kamera/ü'])(
  'frame id "%s"',
  (frameId) => {
    for (const encoding of ['mono8', 'rgb8', 'bgra16']) {
      const cdr = new ImageCdr(frameId, encoding, 5, 3, 15);
      const message = Buffer.alloc(cdr.headroom + 45, 7);
      cdr.write(message, { sec: -2, nanosec: 999_999_999 });
      expect(parse(message)).toEqual({
        head: '00010000',
        sec: -2,
        nanosec: 999_999_999,
        frameId,
        height: 3,
        width: 5,
        encoding,
        isBigEndian: 0,
        step: 15,
        length: 45,
        data: cdr.headroom,
      });
      expect(message.subarray(cdr.headroom).every((byte) => byte === 7)).toBe(true);
    }
  },
);
