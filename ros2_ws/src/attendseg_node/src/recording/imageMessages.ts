import type { CompressedImage } from '../vision/compressedImage.js';
import type { RawImage } from '../vision/rawImage.js';
import type { Stamp } from './cdr.js';
import { CdrReader } from './cdrReader.js';
import type { CameraInfo, LabelInfo } from './infoMessages.js';

/** What stands in front of every message of a camera. */
export interface Header {
  readonly stamp: Stamp;
  readonly frameId: string;
}

/** A recorded picture, unchecked but for its bytes: its pixels are a view into the message. */
export interface RecordedImage<Kind extends RawImage | CompressedImage> extends Header {
  readonly image: Kind;
}

/**
 * Parses a serialised sensor_msgs/msg/Image. Whether its pixels fit its size, checkImage tells.
 * @throws CdrError that names field and byte
 */
export function parseImage(message: Uint8Array): RecordedImage<RawImage> {
  const cdr = new CdrReader('sensor_msgs/msg/Image', message);
  const header = readHeader(cdr);
  const height = cdr.uint32('height');
  const width = cdr.uint32('width');
  const encoding = cdr.string('encoding');
  const isBigEndian = cdr.uint8('is_bigendian') !== 0;
  const step = cdr.uint32('step');
  const data = cdr.bytes('data');
  cdr.end();
  return { ...header, image: { width, height, encoding, isBigEndian, step, data } };
}

/**
 * Parses a serialised sensor_msgs/msg/CompressedImage.
 * @throws CdrError that names field and byte
 */
export function parseCompressedImage(message: Uint8Array): RecordedImage<CompressedImage> {
  const cdr = new CdrReader('sensor_msgs/msg/CompressedImage', message);
  const header = readHeader(cdr);
  const format = cdr.string('format');
  const data = cdr.bytes('data');
  cdr.end();
  return { ...header, image: { format, data } };
}

/**
 * Parses a serialised sensor_msgs/msg/CameraInfo.
 * @throws CdrError that names field and byte
 */
export function parseCameraInfo(message: Uint8Array): CameraInfo {
  const cdr = new CdrReader('sensor_msgs/msg/CameraInfo', message);
  const { stamp, frameId } = readHeader(cdr);
  const info = {
    header: { stamp, frame_id: frameId },
    height: cdr.uint32('height'),
    width: cdr.uint32('width'),
    distortion_model: cdr.string('distortion_model'),
    d: cdr.doubleSequence('d'),
    k: cdr.doubles('k', 9),
    r: cdr.doubles('r', 9),
    p: cdr.doubles('p', 12),
    binning_x: cdr.uint32('binning_x'),
    binning_y: cdr.uint32('binning_y'),
    roi: {
      x_offset: cdr.uint32('roi.x_offset'),
      y_offset: cdr.uint32('roi.y_offset'),
      height: cdr.uint32('roi.height'),
      width: cdr.uint32('roi.width'),
      do_rectify: cdr.uint8('roi.do_rectify') !== 0,
    },
  };
  cdr.end();
  return info;
}

/**
 * Parses a serialised vision_msgs/msg/LabelInfo.
 * @throws CdrError that names field and byte
 */
export function parseLabelInfo(message: Uint8Array): LabelInfo {
  const cdr = new CdrReader('vision_msgs/msg/LabelInfo', message);
  const { stamp, frameId } = readHeader(cdr);
  const class_map: { class_id: number; class_name: string }[] = [];
  // A count that is too high ends where the message does.
  for (let left = cdr.uint32('class_map'); left > 0; left--) {
    class_map.push({ class_id: cdr.uint16('class_id'), class_name: cdr.string('class_name') });
  }
  const threshold = cdr.float32('threshold');
  cdr.end();
  return { header: { stamp, frame_id: frameId }, class_map, threshold };
}

/**
 * The header of any message that begins with one.
 * @param type for errors
 * @throws CdrError that names field and byte
 */
export function parseHeader(type: string, message: Uint8Array): Header {
  return readHeader(new CdrReader(type, message));
}

function readHeader(cdr: CdrReader): Header {
  const stamp = { sec: cdr.int32('header.stamp.sec'), nanosec: cdr.uint32('header.stamp.nanosec') };
  return { stamp, frameId: cdr.string('header.frame_id') };
}
