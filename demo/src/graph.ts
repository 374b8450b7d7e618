/** The demo's door to ROS: the only file of demo/ that imports rclnodejs. */
import { setTimeout as sleep } from 'node:timers/promises';
import rclnodejs from 'rclnodejs';
import type { Picture } from '#commands/readPicture.js';
import type { DiagnosticArray } from '#recording/infoMessages.js';
import { parseImage, type CameraFrame, type ImageMessage } from '#node/imageMessage.js';
import type { RawImage } from '#vision/rawImage.js';
import { ImageCdr } from '#recording/imageCdr.js';

export interface CameraOptions {
  readonly topic: string;
  /** Pictures a second. */
  readonly rate: number;
  readonly frameId: string;
  /** What follows --ros-args, with it. */
  readonly argv: readonly string[];
  /** Wait for a subscriber before the first picture. */
  readonly wait: boolean;
}

export interface Sent {
  readonly index: number;
  readonly sec: number;
  readonly nanosec: number;
}

/**
 * Publishes pictures as rgb8 images at a steady rate, stamped just before each goes out, until `pictures` ends or
 * `ended` is aborted. Sensor-data QoS, as camera drivers have it.
 */
export async function publishPictures(
  pictures: AsyncIterable<Picture>,
  options: CameraOptions,
  ended: AbortSignal,
  sent: (frame: Sent) => void,
): Promise<void> {
  await rclnodejs.init(undefined, [...options.argv]);
  rclnodejs.removeSignalHandlers();
  const node = new rclnodejs.Node('attendseg_camera');
  const publisher = node.createPublisher('sensor_msgs/msg/Image', options.topic, {
    qos: rclnodejs.QoS.profileSensorData,
  }) as unknown as { readonly subscriptionCount: number; publish(message: Buffer): void };
  node.spin(10);
  const stopped = (): boolean => ended.aborted;
  try {
    while (options.wait && !stopped() && publisher.subscriptionCount === 0) await sleep(50);
    // The subscriber may find us a little later than we find it.
    if (options.wait) await sleep(300, undefined, { signal: ended });
    const period = 1000 / options.rate;
    let due = performance.now();
    let index = 0;
    let message = Buffer.alloc(0);
    for await (const { width, height, pixels } of pictures) {
      await sleep(Math.max(0, due - performance.now()), undefined, { signal: ended });
      if (stopped()) break;
      due = Math.max(due + period, performance.now());
      const cdr = new ImageCdr(options.frameId, 'rgb8', width, height, width * 3);
      if (message.length !== cdr.headroom + pixels.length)
        message = Buffer.alloc(cdr.headroom + pixels.length);
      message.set(pixels, cdr.headroom);
      const stamp = node.getClock().now().toMsg();
      cdr.write(message, stamp);
      publisher.publish(message);
      sent({ index: index++, ...stamp });
    }
    // Best effort: give the last picture a moment to leave.
    await sleep(200);
  } catch (error) {
    if (!stopped()) throw error;
  } finally {
    rclnodejs.shutdown();
  }
}

export interface GraphListener {
  /** Whether somebody subscribes to `topic`. */
  hasSubscriber(topic: string): boolean;
  close(): void;
}

export interface Listeners {
  readonly images: Readonly<Record<string, (frame: CameraFrame<RawImage>) => void>>;
  readonly diagnostics: (report: DiagnosticArray) => void;
}

/** Listens to image topics and /diagnostics from a ROS node of its own. */
export async function listen(name: string, { images, diagnostics }: Listeners): Promise<GraphListener> {
  await rclnodejs.init(undefined, []);
  rclnodejs.removeSignalHandlers();
  const node = new rclnodejs.Node(name);
  for (const [topic, receive] of Object.entries(images)) {
    node.createSubscription('sensor_msgs/msg/Image' as never, topic, {}, (message: unknown) => {
      receive(parseImage(message as ImageMessage<Uint8Array>));
    });
  }
  node.createSubscription(
    'diagnostic_msgs/msg/DiagnosticArray' as never,
    '/diagnostics',
    {},
    (message: unknown) => {
      diagnostics(message as DiagnosticArray);
    },
  );
  node.spin(10);
  return {
    hasSubscriber: (topic) => node.countSubscribers(topic) > 0,
    close: () => {
      rclnodejs.shutdown();
    },
  };
}
