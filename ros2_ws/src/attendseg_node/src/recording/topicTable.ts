import type { BagTopic } from './bag.js';
import type { Problems } from './problems.js';

type Known = { -readonly [Key in keyof BagTopic]: BagTopic[Key] };

/** The topics of a bag: what was recorded under one name and type is one topic. */
export class TopicTable {
  readonly topics: BagTopic[] = [];
  readonly #known = new Map<string, Known>();
  readonly #refused = new Set<string>();

  /** @param problems where a topic that is not CDR is noted */
  constructor(
    readonly path: string,
    readonly problems: Problems,
  ) {}

  /** @param messages how many there are of it here; added up, and unknown as soon as one part is */
  add(name: string, type: string, offeredQos: string, messages: number | undefined): BagTopic {
    const key = `${name}\0${type}`;
    const before = this.#known.get(key);
    if (before === undefined) {
      const topic = { name, type, messages, offeredQos };
      this.#known.set(key, topic);
      this.topics.push(topic);
      return topic;
    }
    before.messages =
      before.messages === undefined || messages === undefined ? undefined : before.messages + messages;
    before.offeredQos ||= offeredQos;
    return before;
  }

  /** The topic of a message, listed if it was not yet. */
  of(topic: BagTopic): BagTopic {
    return (
      this.#known.get(`${topic.name}\0${topic.type}`) ??
      this.add(topic.name, topic.type, topic.offeredQos, undefined)
    );
  }

  /** Is it serialised as ROS 2 does? If not, that is noted once. */
  isCdr(topic: BagTopic, encoding: string): boolean {
    if (encoding === 'cdr') return true;
    if (!this.#refused.has(topic.name)) {
      this.#refused.add(topic.name);
      this.problems.add(
        `${this.path}: messages of ${topic.name} are encoded as ${JSON.stringify(encoding)}, not as cdr, and are left out`,
      );
    }
    return false;
  }
}
