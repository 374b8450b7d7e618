import { randomUUID } from 'node:crypto';
import type { Scope } from '../inference/scope.js';
import type { Stamp } from '../recording/cdr.js';
import type { RosNode, RosPublisher } from './ros.js';
import type { Topic } from './topics.js';

/** bondcpp's name and depth. */
const BOND_TOPIC: Topic = {
  name: '/bond',
  type: 'bond/msg/Status',
  encoding: '',
  qos: { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 100 },
  description: 'heartbeats for a lifecycle manager, while the node is active',
};

/** Seconds without a heartbeat after which Nav2's lifecycle manager takes the node for lost. */
const HEARTBEAT_TIMEOUT = 4;

/** bond/msg/Status as a plain object. */
interface Status {
  readonly header: { readonly stamp: Stamp; readonly frame_id: string };
  readonly id: string;
  readonly instance_id: string;
  readonly active: boolean;
  readonly heartbeat_timeout: number;
  readonly heartbeat_period: number;
}

/** The node's end of the bond with a lifecycle manager, which listens only. */
export class Bond {
  readonly #node: RosNode;
  readonly #period: number;
  readonly #publisher: RosPublisher<Status> | undefined;

  /** `period`: seconds between heartbeats; 0: none. Where the message is not installed it warns, and there is no bond. */
  constructor(node: RosNode, period: number) {
    this.#node = node;
    this.#period = period;
    if (period === 0) return;
    try {
      this.#publisher = node.publisher(BOND_TOPIC);
    } catch (error) {
      node.log.warn(
        `no bond with a lifecycle manager (${(error as Error).message}): install the package bond (ros-${process.env['ROS_DISTRO'] ?? '<distro>'}-bond) and build this one again,` +
          ' or set bond_heartbeat_period to 0 and bond_timeout of the manager to 0.0',
      );
    }
  }

  /** Sends heartbeats until the scope closes, which breaks the bond. */
  hold(scope: Scope): void {
    const publisher = this.#publisher;
    if (publisher === undefined) return;
    const instance = randomUUID();
    const beat = (active: boolean): void => {
      this.#node.guard('no heartbeat', () => {
        publisher.publish({
          header: { stamp: this.#node.now(), frame_id: '' },
          id: this.#node.name,
          instance_id: instance,
          active,
          heartbeat_timeout: HEARTBEAT_TIMEOUT,
          heartbeat_period: this.#period,
        });
      });
    };
    scope.own(beat, () => {
      beat(false);
    });
    beat(true);
    const timer = setInterval(() => {
      beat(true);
    }, 1000 * this.#period);
    scope.own(timer, clearInterval);
  }
}
