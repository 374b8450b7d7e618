import type { Stamp } from '../recording/cdr.js';
import type { Picture, PictureBytes } from '../inference/heldPicture.js';
import type { RawImage } from '../vision/rawImage.js';

/** A camera's picture with what its masks inherit, unchecked. */
export interface CameraFrame<Kind extends Picture = Picture> {
  readonly image: Kind;
  readonly stamp: Stamp;
  readonly frameId: string;
}

export interface Header {
  readonly stamp: Stamp;
  readonly frame_id: string;
}

/** sensor_msgs/msg/Image */
export interface ImageMessage<Bytes = PictureBytes> {
  readonly header: Header;
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly is_bigendian: number;
  readonly step: number;
  readonly data: Bytes;
}

/** sensor_msgs/msg/CompressedImage */
export interface CompressedImageMessage {
  readonly header: Header;
  readonly format: string;
  readonly data: PictureBytes;
}

/** The fields of a received picture, without a copy: good for as long as the message is. */
export function parsePicture(message: ImageMessage | CompressedImageMessage): CameraFrame {
  if (!('format' in message)) return parseImage(message);
  const { header, format, data } = message;
  return { image: { format, data }, stamp: header.stamp, frameId: header.frame_id };
}

/** The same of pixels alone. */
export function parseImage<Bytes extends PictureBytes>({
  header,
  width,
  height,
  encoding,
  is_bigendian,
  step,
  data,
}: ImageMessage<Bytes>): CameraFrame<Omit<RawImage, 'data'> & { readonly data: Bytes }> {
  return {
    image: { width, height, encoding, isBigEndian: is_bigendian !== 0, step, data },
    stamp: header.stamp,
    frameId: header.frame_id,
  };
}
