import { type OutputKind, OUTPUTS, type Output, type OutputRequest } from '../inference/outputs.js';
import type { Stamp } from '../recording/cdr.js';
import { CompressedImageCdr, PNG_MASK } from '../recording/compressedImageCdr.js';
import { ImageCdr } from '../recording/imageCdr.js';
import type { Size } from './maskSize.js';
import type { RosPublisher } from './ros.js';

/** One of a camera's outputs on its way out; each call may throw. */
export interface OutputPublisher {
  readonly wanted: boolean;
  /** What is to be drawn for it. */
  request(size: Size, frameId: string): OutputRequest;
  /** @throws Error that names the topic, if the middleware does not take the message */
  publish(output: Output, stamp: Stamp, frameId: string): void;
}

/**
 * Publishes one output as sensor_msgs/Image. The pixels were drawn behind room for the message's head, so a
 * message is completed in place and handed to the middleware whole.
 */
export class ImagePublisher implements OutputPublisher {
  #cdr: ImageCdr | undefined;

  /** `group`: its name, of a group. */
  constructor(
    readonly kind: OutputKind,
    private readonly publisher: RosPublisher<Buffer>,
    private readonly group?: string,
  ) {}

  get wanted(): boolean {
    return this.publisher.wanted;
  }

  request(size: Size, frameId: string): OutputRequest {
    const { width, height } = size;
    const { headroom } = this.#head(frameId, size);
    const { kind, group } = this;
    return { kind, width, height, headroom, ...(group !== undefined && { group }) };
  }

  publish(output: Output, stamp: Stamp, frameId: string): void {
    const message = Buffer.from(output.buffer);
    this.#head(frameId, output).write(message, stamp);
    this.publisher.publish(message);
  }

  #head(frameId: string, { width, height }: Size): ImageCdr {
    const cdr = this.#cdr;
    if (cdr?.frameId === frameId && cdr.width === width && cdr.height === height) return cdr;
    const { encoding, channels } = OUTPUTS[this.kind];
    return (this.#cdr = new ImageCdr(frameId, encoding, width, height, width * channels));
  }
}

/** Publishes the mask as sensor_msgs/CompressedImage: a PNG, packed behind room for the message's head. */
export class PngPublisher implements OutputPublisher {
  #cdr: CompressedImageCdr | undefined;

  constructor(private readonly publisher: RosPublisher<Buffer>) {}

  get wanted(): boolean {
    return this.publisher.wanted;
  }

  request({ width, height }: Size, frameId: string): OutputRequest {
    return { kind: 'mask_png', width, height, headroom: this.#head(frameId).headroom };
  }

  publish({ buffer, packedBytes = 0 }: Output, stamp: Stamp, frameId: string): void {
    const head = this.#head(frameId);
    const message = Buffer.from(buffer, 0, head.headroom + packedBytes);
    head.write(message, stamp, packedBytes);
    this.publisher.publish(message);
  }

  #head(frameId: string): CompressedImageCdr {
    if (this.#cdr?.frameId !== frameId) this.#cdr = new CompressedImageCdr(frameId, PNG_MASK);
    return this.#cdr;
  }
}
