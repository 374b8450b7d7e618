import { describe, expect, test } from '@jest/globals';
import { CdrWriter, EncapsulationKind } from '@foxglove/cdr';
import { CdrError } from '#recording/cdrReader.js';
import { ImageCdr } from '#recording/imageCdr.js';
import {
  parseCameraInfo,
  parseCompressedImage,
  parseImage,
  parseLabelInfo,
} from '#recording/imageMessages.js';
import { labelInfoCdr } from '#recording/infoMessages.js';

const KINDS = [EncapsulationKind.CDR_BE, EncapsulationKind.CDR_LE];

function writer(kind: EncapsulationKind, frameId: string): CdrWriter {
  return new CdrWriter({ kind }).int32(-5).uint32(999_999_999).string(frameId);
}

const HEADER = { stamp: { sec: -5, nanosec: 999_999_999 } };
const PIXELS = Uint8Array.from({ length: 18 }, (_, i) => i * 7);

function image(kind = EncapsulationKind.CDR_LE, frameId = 'camera'): Uint8Array {
  return writer(kind, frameId).uint32(3).uint32(2).string('rgb8').uint8(1).uint32(6).uint8Array(PIXELS, true)
    .data;
}

function compressed(kind = EncapsulationKind.CDR_LE, frameId = 'camera'): Uint8Array {
  return writer(kind, frameId).string('rgb8; jpeg compressed bgr8').uint8Array(PIXELS, true).data;
}

const K = [1, 0, 2, 0, 3, 4, 0, 0, 1];
const P = [1, 0, 2, 0, 0, 3, 4, 0, 0, 0, 1, 0.5];

function cameraInfo(kind = EncapsulationKind.CDR_LE, frameId = 'camera', d = [0.1, -0.2]): Uint8Array {
  return writer(kind, frameId)
    .uint32(3)
    .uint32(2)
    .string('plumb_bob')
    .float64Array(d, true)
    .float64Array(K)
    .float64Array([...K].reverse())
    .float64Array(P)
    .uint32(1)
    .uint32(2)
    .uint32(3)
    .uint32(4)
    .uint32(5)
    .uint32(6)
    .uint8(1).data;
}

describe.each(KINDS)('encapsulation %i', (kind) => {
  // Every alignment of what follows.
  test.each(['', 'a', 'ab', 'abc', 'abcd', 'camera_front_optical_frame'])('frame id "%s"', (frameId) => {
    const raw = image(kind, frameId);
    const parsed = parseImage(raw);
    expect(parsed).toEqual({
      ...HEADER,
      frameId,
      image: { width: 2, height: 3, encoding: 'rgb8', isBigEndian: true, step: 6, data: PIXELS },
    });
    // A view, not a copy.
    expect(parsed.image.data.buffer).toBe(raw.buffer);

    const packed = compressed(kind, frameId);
    expect(parseCompressedImage(packed)).toEqual({
      ...HEADER,
      frameId,
      image: { format: 'rgb8; jpeg compressed bgr8', data: PIXELS },
    });

    for (const d of [[], [0.1], [0.1, -0.2, 0, 0, 1e-9]]) {
      expect(parseCameraInfo(cameraInfo(kind, frameId, d))).toEqual({
        header: { stamp: HEADER.stamp, frame_id: frameId },
        height: 3,
        width: 2,
        distortion_model: 'plumb_bob',
        d,
        k: K,
        r: [...K].reverse(),
        p: P,
        binning_x: 1,
        binning_y: 2,
        roi: { x_offset: 3, y_offset: 4, height: 5, width: 6, do_rectify: true },
      });
    }
  });
});

test.each([
  [parseImage, image()],
  [parseCompressedImage, compressed()],
  [parseCameraInfo, cameraInfo()],
])('%#: every cut is refused, in one line that names a byte', (parse, message) => {
  for (let length = 0; length < message.length; length++) {
    const cut = message.slice(0, length);
    expect(() => parse(cut)).toThrow(CdrError);
    expect(() => parse(cut)).toThrow(/^sensor_msgs\/msg\/\w+: .* byte \d+\b.*; [^\n]*$/);
  }
  expect(() => parse(Uint8Array.of(...message, ...PIXELS))).toThrow(/followed by 18 more bytes/);
  // Padding is not.
  parse(Uint8Array.of(...message, 0, 0, 0));
});

test('no message, whatever its bytes, throws anything else', () => {
  const message = image();
  for (let at = 0; at < message.length; at++) {
    for (const value of [0, 1, 127, 128, 255]) {
      const damaged = message.slice();
      damaged[at] = value;
      for (const parse of [parseImage, parseCompressedImage, parseCameraInfo]) {
        try {
          parse(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(CdrError);
        }
      }
    }
  }
});

test('field and byte of what claims too much', () => {
  const message = image();
  const view = new DataView(message.buffer, message.byteOffset);
  view.setUint32(12, 0xffffffff, true);
  expect(() => parseImage(message)).toThrow(
    'sensor_msgs/msg/Image: header.frame_id at byte 16 takes 4294967295 bytes, but the message has',
  );
});

test('what we write', () => {
  const cdr = new ImageCdr('kamera/ü', 'mono8', 5, 3, 8);
  const message = Buffer.alloc(cdr.headroom + 24, 7);
  cdr.write(message, HEADER.stamp);
  const { frameId, stamp, image: parsed } = parseImage(message);
  expect({ frameId, stamp }).toEqual({ ...HEADER, frameId: 'kamera/ü' });
  expect(parsed.data).toHaveLength(24);
});

test('other encapsulations are refused', () => {
  for (const kind of [EncapsulationKind.PL_CDR_LE, EncapsulationKind.CDR2_LE]) {
    expect(() => parseImage(image(kind))).toThrow('not plain CDR');
  }
});

test('the names of a LabelInfo, and every cut of it is an error', () => {
  const class_map = [
    { class_id: 0, class_name: 'Straße' },
    { class_id: 65535, class_name: '' },
  ];
  const info = { header: { ...HEADER, frame_id: 'camera' }, class_map, threshold: 0.25 };
  const message = labelInfoCdr(info);
  expect(parseLabelInfo(message)).toEqual(info);
  for (let length = 0; length < message.length; length++)
    expect(() => parseLabelInfo(message.subarray(0, length))).toThrow(CdrError);
});
