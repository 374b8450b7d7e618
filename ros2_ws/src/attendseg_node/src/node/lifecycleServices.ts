import {
  actionsOf,
  type Asked,
  type Lifecycle,
  type State,
  STATES,
  type Transition,
  TRANSITIONS,
} from './lifecycle.js';
import type { RosNode } from './ros.js';
import type { Topic } from './topics.js';

/** rcl_lifecycle's name, type and QoS. */
const TRANSITION_EVENT_TOPIC: Topic = {
  name: '~/transition_event',
  type: 'lifecycle_msgs/msg/TransitionEvent',
  encoding: '',
  qos: { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 10 },
  description: 'every change of the lifecycle state',
};

/** lifecycle_msgs/msg/State and lifecycle_msgs/msg/Transition as plain objects. */
interface Labelled {
  readonly id: number;
  readonly label: string;
}

interface Description {
  readonly transition: Labelled;
  readonly start_state: Labelled;
  readonly goal_state: Labelled;
}

/** @returns what tells the graph of a transition, on ~/transition_event */
export function transitionEvents(node: RosNode): (transition: Transition) => void {
  const publisher = node.publisher<Description & { readonly timestamp: bigint }>(TRANSITION_EVENT_TOPIC);
  return (transition) => {
    const { sec, nanosec } = node.now();
    const timestamp = BigInt(sec) * 1_000_000_000n + BigInt(nanosec);
    node.guard('transition not told', () => {
      publisher.publish({ timestamp, ...describe(transition) });
    });
  };
}

/** Offers the services by which lifecycle managers and `ros2 lifecycle` know and steer a managed node. */
export function offerLifecycle(
  node: RosNode,
  lifecycle: Pick<Lifecycle, 'state'>,
  change: (asked: Asked) => Promise<boolean>,
): void {
  node.service('~/change_state', 'lifecycle_msgs/srv/ChangeState', async (request) => {
    const { transition } = request as { transition: Asked };
    return { success: await change(transition) };
  });
  node.service('~/get_state', 'lifecycle_msgs/srv/GetState', () => ({
    current_state: describeState(lifecycle.state),
  }));
  node.service('~/get_available_states', 'lifecycle_msgs/srv/GetAvailableStates', () => ({
    available_states: (Object.keys(STATES) as State[]).map(describeState),
  }));
  node.service('~/get_available_transitions', 'lifecycle_msgs/srv/GetAvailableTransitions', () => ({
    available_transitions: actionsOf(lifecycle.state).map(describe),
  }));
  node.service('~/get_transition_graph', 'lifecycle_msgs/srv/GetAvailableTransitions', () => ({
    available_transitions: TRANSITIONS.map(describe),
  }));
}

function describeState(state: State): Labelled {
  return { id: STATES[state], label: state };
}

function describe({ id, label, start, goal }: Transition): Description {
  return { transition: { id, label }, start_state: describeState(start), goal_state: describeState(goal) };
}
