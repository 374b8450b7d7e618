import type { Peer } from './qosMismatch.js';
import type { TopicQos } from './topics.js';

/** The numbers of rmw/types.h. */
const HISTORIES = { system_default: 0, keep_last: 1, keep_all: 2 } as const;
const RELIABILITIES = { system_default: 0, reliable: 1, best_effort: 2 } as const;
const DURABILITIES = { system_default: 0, transient_local: 1, volatile: 2 } as const;

/** What rmw calls the node of an endpoint of which it has not heard whose it is: any such node. */
const UNKNOWN_NODE = '_NODE_NAMESPACE_UNKNOWN_/_NODE_NAME_UNKNOWN_';

/** A node's full name. */
export function joined(namespace: string, name: string): string {
  return `${namespace.replace(/\/$/, '')}/${name}`;
}

/** Of what rclnodejs tells of an endpoint. */
export function toPeer(info: object): Peer {
  const { node_name, node_namespace, topic_type, qos_profile } = info as {
    node_name: string;
    node_namespace: string;
    topic_type: string;
    qos_profile: { reliability: number; durability: number };
  };
  const node = joined(node_namespace, node_name);
  return {
    node: node === UNKNOWN_NODE ? undefined : node,
    type: topic_type,
    reliability: qos_profile.reliability === RELIABILITIES.reliable ? 'reliable' : 'best_effort',
    durability: qos_profile.durability === DURABILITIES.transient_local ? 'transient_local' : 'volatile',
  };
}

/** What rclnodejs's QoS is made of: history, depth, reliability, durability. */
export function toPolicies({
  reliability,
  durability,
  history,
  depth,
}: TopicQos): [history: number, depth: number, reliability: number, durability: number] {
  return [HISTORIES[history], depth, RELIABILITIES[reliability], DURABILITIES[durability]];
}
