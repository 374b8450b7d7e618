import type { Stamp } from '../recording/cdr.js';
import { type CompressedImage, readCompressedHeader } from '../vision/compressedImage.js';
import { checkImage, type RawImage } from '../vision/rawImage.js';
import type { Picture } from '../inference/protocol.js';

/** A camera's picture with what its masks inherit. */
export interface CameraFrame<Kind extends Image = Image> {
  readonly image: Kind;
  readonly stamp: Stamp;
  readonly frameId: string;
}

/** As it came, unchecked. */
type Image = RawImage | CompressedImage;

/**
 * Proves that a picture can be used, as far as that shows before it is decoded.
 * @throws ImageError that names the cause
 */
export function checkPicture(image: Image): Picture {
  if ('format' in image) return { ...image, ...readCompressedHeader(image) };
  checkImage(image);
  return image;
}

interface Header {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly frame_id: string;
}

interface ImageMessage {
  readonly header: Header;
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly is_bigendian: number;
  readonly step: number;
  readonly data: Uint8Array;
}

/**
 * The fields of a received sensor_msgs/msg/Image, without a copy. rclnodejs fills them by the message's type, so
 * only their values are in doubt, and those checkImage looks at.
 */
export function parseImage(message: unknown): CameraFrame<RawImage> {
  const { header, width, height, encoding, is_bigendian, step, data } = message as ImageMessage;
  return {
    image: { width, height, encoding, isBigEndian: is_bigendian !== 0, step, data },
    stamp: { sec: header.stamp.sec, nanosec: header.stamp.nanosec },
    frameId: header.frame_id,
  };
}

/** The fields of a received sensor_msgs/msg/CompressedImage, without a copy. */
export function parseCompressedImage(message: unknown): CameraFrame<CompressedImage> {
  const { header, format, data } = message as { header: Header; format: string; data: Uint8Array };
  return {
    image: { format, data },
    stamp: { sec: header.stamp.sec, nanosec: header.stamp.nanosec },
    frameId: header.frame_id,
  };
}
