import type { LabelInfo } from '../recording/infoMessages.js';
import type { RosNode, RosPublisher } from './ros.js';
import type { Topic } from './topics.js';

/** Publishes the names of the class ids, latched: at first, and whenever they or the threshold change. */
export class LabelInfoPublisher {
  readonly #publishers: readonly RosPublisher<LabelInfo>[];
  #names: ReadonlyMap<number, string> | undefined;
  #threshold: number | undefined;

  /** `topics`: one for each camera. */
  constructor(
    private readonly node: Pick<RosNode, 'publisher' | 'now'>,
    topics: readonly Topic[],
  ) {
    this.#publishers = topics.map((topic) => node.publisher(topic));
  }

  /** `names`: of the published ids; the same map as before stands for the same names. */
  tell(names: ReadonlyMap<number, string>, threshold: number): void {
    if (names === this.#names && threshold === this.#threshold) return;
    this.#names = names;
    this.#threshold = threshold;
    const message = {
      header: { stamp: this.node.now(), frame_id: '' },
      class_map: [...names].map(([class_id, class_name]) => ({ class_id, class_name })),
      threshold,
    };
    for (const publisher of this.#publishers) publisher.publish(message);
  }
}
