import { type OutputKind, OUTPUTS } from '../inference/outputs.js';
import type { Output } from '../inference/protocol.js';
import { ImageCdr, type Stamp } from '../recording/imageCdr.js';
import type { RosPublisher } from './ros.js';

/**
 * Publishes one output as sensor_msgs/Image. The pixels were drawn behind room for the message's head, so a
 * message is completed in place and handed to the middleware whole.
 */
export class ImagePublisher {
  #cdr: ImageCdr | undefined;

  constructor(
    readonly kind: OutputKind,
    private readonly publisher: RosPublisher<Buffer>,
  ) {}

  get wanted(): boolean {
    return this.publisher.wanted;
  }

  /** Bytes that the head of such a message takes. */
  headroom(frameId: string, width: number, height: number): number {
    return this.#head(frameId, width, height).headroom;
  }

  /** @throws Error that names the topic, if the middleware does not take the message */
  publish(output: Output, stamp: Stamp, frameId: string): void {
    const message = Buffer.from(output.buffer);
    this.#head(frameId, output.width, output.height).write(message, stamp);
    this.publisher.publish(message);
  }

  #head(frameId: string, width: number, height: number): ImageCdr {
    const cdr = this.#cdr;
    if (cdr?.frameId === frameId && cdr.width === width && cdr.height === height) return cdr;
    const { encoding, channels } = OUTPUTS[this.kind];
    return (this.#cdr = new ImageCdr(frameId, encoding, width, height, width * channels));
  }
}
