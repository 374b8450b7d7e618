import sharp from 'sharp';
import type { Size } from '#commands/optionValues.js';
import type { Stamp } from '#recording/cdr.js';
import { CompressedImageCdr } from '#recording/compressedImageCdr.js';
import { ImageCdr } from '#recording/imageCdr.js';
import { cameraInfoCdr } from '#recording/infoMessages.js';
import type { BagQos } from '#recording/offeredQos.js';
import { Camera } from '#street/camera.js';
import { Street } from '#street/street.js';

/** The topics of the sample bags: the camera, as pixels and as JPEG files, and the true class of each pixel. */
export const SAMPLE_TOPICS = {
  image: { name: '/camera/image', type: 'sensor_msgs/msg/Image' },
  jpeg: { name: '/camera/image/compressed', type: 'sensor_msgs/msg/CompressedImage' },
  info: { name: '/camera/camera_info', type: 'sensor_msgs/msg/CameraInfo' },
  labels: { name: '/truth/segmentation/mask', type: 'sensor_msgs/msg/Image' },
} as const;

export type SampleKey = keyof typeof SAMPLE_TOPICS;

export const SAMPLE_QOS: BagQos = {
  reliability: 'reliable',
  durability: 'volatile',
  history: 'keep_last',
  depth: 1,
};

/** What is recorded at one time, a message a topic. */
export interface SampleFrame {
  /** Nanoseconds since 1970; the stamp, too. */
  readonly time: bigint;
  readonly messages: Readonly<Record<SampleKey, Uint8Array>>;
}

/** 14 November 2023, 22:13:20 UTC. */
const START = 1_700_000_000_000_000_000n;
const FPS = 10;
const FRAME_ID = 'camera';
const JPEG_QUALITY = 90;

/** A drive at ten pictures a second from a fixed time: the same arguments give the same bytes. */
export async function* sampleFrames(
  frames: number,
  { width, height }: Size,
  seed: number,
): AsyncGenerator<SampleFrame> {
  const street = new Street({ seed, width, height, fps: FPS });
  const image = new ImageCdr(FRAME_ID, 'rgb8', width, height, width * 3);
  const labels = new ImageCdr(FRAME_ID, 'mono8', width, height, width);
  // As image_transport's publisher of JPEG names it.
  const jpeg = new CompressedImageCdr(FRAME_ID, 'rgb8; jpeg compressed bgr8');
  let frame;
  for (let i = 0; i < frames; i++) {
    frame = street.frame(i, frame);
    const time = START + (BigInt(i) * 1_000_000_000n) / BigInt(FPS);
    const stamp = { sec: Number(time / 1_000_000_000n), nanosec: Number(time % 1_000_000_000n) };
    const file = await sharp(frame.picture, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: JPEG_QUALITY })
      .toBuffer();
    const packed = behind(jpeg.headroom, file);
    jpeg.write(packed, stamp, file.length);
    yield {
      time,
      messages: {
        image: imageMessage(image, frame.picture, stamp),
        jpeg: packed,
        info: infoMessage(street, stamp),
        labels: imageMessage(labels, frame.labels, stamp),
      },
    };
  }
}

/** A buffer with the bytes behind so much room. */
function behind(headroom: number, bytes: Uint8Array): Buffer {
  const message = Buffer.alloc(headroom + bytes.length);
  message.set(bytes, headroom);
  return message;
}

function imageMessage(cdr: ImageCdr, pixels: Uint8Array, stamp: Stamp): Buffer {
  const message = behind(cdr.headroom, pixels);
  cdr.write(message, stamp);
  return message;
}

/** The street's pinhole. Its pixels' centres are at halves, ROS's at whole coordinates. */
function infoMessage({ width, height, plan }: Street, stamp: Stamp): Uint8Array {
  const { focal, centreX, centreY } = new Camera(width, height, plan.focal);
  const [cx, cy] = [centreX - 0.5, centreY - 0.5];
  return cameraInfoCdr({
    header: { stamp, frame_id: FRAME_ID },
    height,
    width,
    distortion_model: 'plumb_bob',
    d: [0, 0, 0, 0, 0],
    k: [focal, 0, cx, 0, focal, cy, 0, 0, 1],
    r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    p: [focal, 0, cx, 0, 0, focal, cy, 0, 0, 0, 1, 0],
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  });
}
