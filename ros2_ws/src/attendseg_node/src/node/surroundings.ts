import { qosMismatches } from './qosMismatch.js';
import type { RosNode } from './ros.js';

/** The graph is asked for every topic's QoS at each of so many looks only. */
const QOS_EVERY = 5;

/** What is wrong around the node, though it works itself: said in the log when it begins, and in
 * /diagnostics for as long as it lasts. */
export class Surroundings {
  /** What was wrong at the last look. */
  #said: readonly string[] = [];
  #looks = 0;
  #qos: readonly string[] = [];
  #time = { text: '', since: -Infinity };

  constructor(
    private readonly node: Pick<
      RosNode,
      'fullName' | 'log' | 'now' | 'countNodes' | 'isTimeSimulated' | 'publishersOf' | 'subscriptionsOf'
    >,
    /** Full names of the node's topics. */
    private readonly topics: readonly string[],
  ) {}

  /**
   * @param now steady milliseconds
   * @param patience after which a clock that does not move stands still, in milliseconds
   * @returns what is wrong now, in one line; undefined if nothing is
   */
  look(now: number, patience: number): string | undefined {
    if (this.#looks++ % QOS_EVERY === 0) this.#qos = this.#mismatches();
    const troubles = [this.#names(), this.#clock(now, patience), ...this.#qos].filter(
      (trouble) => trouble !== undefined,
    );
    for (const trouble of troubles) if (!this.#said.includes(trouble)) this.node.log.warn(trouble);
    this.#said = troubles;
    return troubles.length === 0 ? undefined : troubles.join('; ');
  }

  #mismatches(): string[] {
    const { node } = this;
    return this.topics.flatMap((topic) =>
      qosMismatches(topic, node.publishersOf(topic), node.subscriptionsOf(topic), node.fullName),
    );
  }

  #names(): string | undefined {
    const { fullName } = this.node;
    const nodes = this.node.countNodes(fullName);
    return nodes > 1
      ? `${nodes} nodes are called ${fullName}: parameters and diagnostics get mixed up; give one another name (-r __node:=)`
      : undefined;
  }

  #clock(now: number, patience: number): string | undefined {
    const { sec, nanosec } = this.node.now();
    const text = `${sec}.${nanosec}`;
    if (!this.node.isTimeSimulated || text !== this.#time.text) this.#time = { text, since: now };
    return now - this.#time.since > patience
      ? 'use_sim_time is set, but /clock stands still: start the simulation or the bag (--clock), or set use_sim_time to false'
      : undefined;
  }
}
