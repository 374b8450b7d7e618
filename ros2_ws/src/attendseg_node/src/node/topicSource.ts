import { type CameraFrame, parseImage } from './imageMessage.js';
import type { RosNode } from './ros.js';
import type { Topic } from './topics.js';
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

/** Pictures of a sensor_msgs/Image topic. */
export class TopicSource implements Source {
  readonly name: string;
  readonly #loss = new TransportLoss();

  /** Subscribes. @throws Error that names the topic */
  constructor(
    private readonly node: RosNode,
    private readonly topic: Topic,
    receive: (picture: CameraFrame) => void,
  ) {
    this.name = node.resolve(topic);
    node.subscribe(topic, (message, info) => {
      if (info !== undefined)
        this.#loss.receive(info.publisherGid.toString('latin1'), info.publicationSequenceNumber);
      receive(parseImage(message));
    });
  }

  get lost(): number | undefined {
    return this.#loss.lost;
  }

  get obstacle(): string | undefined {
    const { name, node, topic } = this;
    const others = node.typesOf(name).filter((type) => type !== topic.type);
    if (others.length > 0) return `${name} is published as ${others.join(', ')}, not ${topic.type}`;
    return node.countPublishers(name) === 0 ? `nobody publishes ${name}` : undefined;
  }
}
