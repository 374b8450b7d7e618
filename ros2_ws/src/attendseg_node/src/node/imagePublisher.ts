import type { Output, OutputKind } from '../inference/protocol.js';
import { bytesPerPixel } from '../inference/protocol.js';
import { ImageCdr, type Stamp } from '../recording/imageCdr.js';
import type { Topic } from './topics.js';

/** The part of an rclnodejs publisher that is used here. */
export interface RawPublisher {
  readonly topic: string;
  /** rclnodejs declares a method, but has a getter. */
  readonly subscriptionCount: number;
  publish(message: Buffer): void;
}

/**
 * Publishes one output as sensor_msgs/Image. The pixels were drawn behind room for the message's head, so a
 * message is completed in place and handed to the middleware whole.
 */
export class ImagePublisher {
  #cdr: ImageCdr | undefined;

  constructor(
    readonly kind: OutputKind,
    readonly topic: Topic,
    private readonly publisher: RawPublisher,
  ) {}

  get wanted(): boolean {
    return this.publisher.subscriptionCount > 0;
  }

  /** Bytes that the head of such a message takes. */
  headroom(frameId: string, width: number, height: number): number {
    return this.#head(frameId, width, height).headroom;
  }

  /** @throws Error that names the topic, if the middleware does not take the message */
  publish(output: Output, stamp: Stamp, frameId: string): void {
    const message = Buffer.from(output.buffer);
    this.#head(frameId, output.width, output.height).write(message, stamp);
    try {
      this.publisher.publish(message);
    } catch (error) {
      throw new Error(`${this.publisher.topic}: not published: ${String(error)}`, { cause: error });
    }
  }

  #head(frameId: string, width: number, height: number): ImageCdr {
    const cdr = this.#cdr;
    if (cdr?.frameId === frameId && cdr.width === width && cdr.height === height) return cdr;
    const { encoding } = this.topic;
    return (this.#cdr = new ImageCdr(frameId, encoding, width, height, width * bytesPerPixel(this.kind)));
  }
}
