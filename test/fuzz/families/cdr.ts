import { CdrWriter, EncapsulationKind } from '@foxglove/cdr';
import { CdrError } from '#recording/cdrReader.js';
import { CompressedImageCdr } from '#recording/compressedImageCdr.js';
import { ImageCdr } from '#recording/imageCdr.js';
import {
  parseCameraInfo,
  parseCompressedImage,
  parseHeader,
  parseImage,
  parseLabelInfo,
} from '#recording/imageMessages.js';
import { cameraInfoCdr, labelInfoCdr } from '#recording/infoMessages.js';
import { checkImage } from '#vision/rawImage.js';
import { ImageError } from '#vision/imageError.js';
import { type Family, MAX_PIXELS } from '../family.js';
import { mutate } from '../mutate.js';

const STAMP = { sec: 1_700_000_000, nanosec: 5 };

const PARSERS: readonly ((message: Uint8Array) => unknown)[] = [
  (message) => checkImage(parseImage(message).image, MAX_PIXELS),
  parseCompressedImage,
  parseCameraInfo,
  parseLabelInfo,
];

/** Serialised messages: an input is a byte that chooses the parser, and the message. */
export function openCdr(): Promise<Family> {
  const examples = messages().map(([parser, message]) => Buffer.concat([Buffer.of(parser), message]));
  return Promise.resolve({
    bound: 16 * MAX_PIXELS,
    generate: (random) => mutate(examples, random),
    decode: (input, passed) => {
      const message = input.subarray(1);
      parseHeader('std_msgs/msg/Header', message);
      passed();
      PARSERS[(input[0] ?? 0) % PARSERS.length]!(message);
    },
    isDeclared: (error) => error instanceof CdrError || error instanceof ImageError,
  });
}

function messages(): [number, Uint8Array][] {
  const raw = new ImageCdr('camera', 'rgb8', 16, 16, 48);
  const image = Buffer.alloc(raw.headroom + 16 * 48, 9);
  raw.write(image, STAMP);
  const packed = new CompressedImageCdr('camera', 'mono8; png compressed ');
  const file = Buffer.alloc(packed.headroom + 50, 9);
  packed.write(file, STAMP, 50);
  const header = { stamp: STAMP, frame_id: 'camera_optical' };
  const roi = { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false };
  const matrix = (size: number): number[] => Array.from({ length: size }, (_, i) => i);
  const info = cameraInfoCdr({
    header,
    height: 480,
    width: 640,
    distortion_model: 'plumb_bob',
    d: matrix(5),
    k: matrix(9),
    r: matrix(9),
    p: matrix(12),
    binning_x: 0,
    binning_y: 0,
    roi,
  });
  const class_map = ['road', 'Straße', ''].map((class_name, class_id) => ({ class_id, class_name }));
  const bigEndian = new CdrWriter({ kind: EncapsulationKind.CDR_BE })
    .int32(1)
    .uint32(2)
    .string('camera')
    .uint32(16)
    .uint32(16)
    .string('mono8')
    .uint8(1)
    .uint32(16)
    .uint8Array(new Uint8Array(256), true).data;
  return [
    [0, image],
    [0, bigEndian],
    [1, file],
    [2, info],
    [3, labelInfoCdr({ header, class_map, threshold: 0 })],
  ];
}
