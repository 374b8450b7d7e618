import type { Stamp } from '../recording/cdr.js';
import type { RawImage } from '../vision/rawImage.js';

/** A camera's picture with what its masks inherit. */
export interface CameraFrame {
  readonly image: RawImage;
  readonly stamp: Stamp;
  readonly frameId: string;
}

interface ImageMessage {
  readonly header: {
    readonly stamp: { readonly sec: number; readonly nanosec: number };
    readonly frame_id: string;
  };
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
export function parseImage(message: unknown): CameraFrame {
  const { header, width, height, encoding, is_bigendian, step, data } = message as ImageMessage;
  return {
    image: { width, height, encoding, isBigEndian: is_bigendian !== 0, step, data },
    stamp: { sec: header.stamp.sec, nanosec: header.stamp.nanosec },
    frameId: header.frame_id,
  };
}
