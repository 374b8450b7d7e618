import { type CameraFrame, parsePicture } from './imageMessage.js';
import type { ImageTransport } from './parameterTable.js';
import type { RosNode } from './ros.js';
import { compressedBeside, type Topic } from './topics.js';
import { TransportLoss } from './transportLoss.js';

/** Where a camera's pictures come from. */
export interface Source {
  /** What users call it, such as a topic's full name. */
  readonly name: string;
  /** Pictures that were sent and never came; undefined where nobody can tell. */
  readonly lost: number | undefined;
  /** Why nothing comes, as far as the surroundings show; undefined if there is somebody who might send. */
  readonly obstacle: string | undefined;
}

/** Pictures of a sensor_msgs/Image topic, or of the sensor_msgs/CompressedImage topic beside it. */
export class TopicSource implements Source {
  /** Of the raw topic, whichever is taken. */
  readonly name: string;
  readonly #loss = new TransportLoss();
  readonly #raw: Topic;
  readonly #compressed: Topic;
  #taken: Topic | undefined;
  #leave: (() => void) | undefined;

  /** Takes nothing before `follow` is called. */
  constructor(
    private readonly node: RosNode,
    raw: Topic,
    private readonly receive: (picture: CameraFrame) => void,
  ) {
    this.name = node.resolve(raw);
    this.#raw = raw;
    this.#compressed = compressedBeside(this.name);
  }

  /**
   * Subscribes to the topic that is wanted, or published as the graph is now. Called again and again: publishers come
   * and go.
   * @throws Error that names the topic
   */
  follow(transport: ImageTransport): void {
    const wanted = this.#choose(transport);
    if (wanted === this.#taken) return;
    this.#leave?.();
    this.#leave = this.node.subscribePictures(wanted, (message, info) => {
      if (info !== undefined)
        this.#loss.receive(info.publisherGid.toString('latin1'), info.publicationSequenceNumber);
      this.receive(parsePicture(message));
    });
    this.#taken = wanted;
  }

  /** Takes nothing any more. */
  leave(): void {
    this.#leave?.();
    this.#leave = this.#taken = undefined;
  }

  get lost(): number | undefined {
    return this.#loss.lost;
  }

  get obstacle(): string | undefined {
    const topic = this.#taken ?? this.#raw;
    const name = this.node.resolve(topic);
    const types = new Set(this.node.publishersOf(name).map(({ type }) => type));
    if (types.has(topic.type)) return undefined;
    if (types.size > 0) return `${name} is published as ${[...types].join(', ')}, not ${topic.type}`;
    const isThere = (other: Topic): boolean => this.node.publishersOf(this.node.resolve(other)).length > 0;
    const other = topic === this.#raw ? this.#compressed : this.#raw;
    const remedy = isThere(other) ? `, but ${this.node.resolve(other)} is: set image_transport` : '';
    return `nobody publishes ${name}${remedy}`;
  }

  #choose(transport: ImageTransport): Topic {
    if (transport !== 'auto') return transport === 'raw' ? this.#raw : this.#compressed;
    const published = (topic: Topic): boolean =>
      this.node.publishersOf(this.node.resolve(topic)).some(({ type }) => type === topic.type);
    if (published(this.#raw)) return this.#raw;
    if (published(this.#compressed)) return this.#compressed;
    return this.#taken ?? this.#raw;
  }
}
