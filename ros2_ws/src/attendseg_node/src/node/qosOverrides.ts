import type { Overrides } from './parameterOverrides.js';
import { show } from './rclValue.js';
import { QOS_VALUES, type Direction, type Endpoint, type Topic, type TopicQos } from './topics.js';

/** The QoS of one of the node's topics, overrides applied. */
export interface EndpointQos {
  readonly topic: Topic;
  readonly direction: Direction;
  readonly qos: TopicQos;
  /** What its parameters' names begin with, as in rclcpp. */
  readonly prefix: string;
}

export const DEPTHS = [1, 1000] as const;
const POLICIES = ['reliability', 'durability', 'history', 'depth'] as const;
const NAME = /^qos_overrides\.(.+)\.(publisher|subscription)(?:_[^.]*)?\.([^.]+)$/;
/** That rclcpp knows beside. */
const UNSUPPORTED = [
  'deadline',
  'lifespan',
  'liveliness',
  'liveliness_lease_duration',
  'avoid_ros_namespace_conventions',
];

/**
 * `qos_overrides.<full topic>.<publisher|subscription>.<policy>`, by rclcpp's names.
 * @param own the node's topics
 * @param resolve gives a topic's full name, remapped
 * @throws Error that names the parameter, if the policy is not supported or unknown, or the value is not allowed
 */
export function readQosOverrides(
  overrides: Overrides['values'],
  own: readonly Endpoint[],
  resolve: (topic: Topic) => string,
): { readonly endpoints: readonly EndpointQos[]; readonly warnings: readonly string[] } {
  const qos = new Map<string, { topic: Topic; direction: Direction; qos: Record<string, unknown> }>();
  for (const { topic, direction } of own)
    qos.set(`qos_overrides.${resolve(topic)}.${direction}`, { topic, direction, qos: { ...topic.qos } });
  const warnings: string[] = [];
  for (const [name, { value, source }] of overrides) {
    if (!name.startsWith('qos_overrides.')) continue;
    const refuse = (why: string): never => {
      throw new Error(`parameter ${name} (${source}): ${why}`);
    };
    const [, topic, direction, policy = ''] = NAME.exec(name) ?? [];
    if (topic === undefined)
      refuse('it is qos_overrides.<full topic>.<publisher or subscription>.<policy>, such as depth');
    const endpoint = qos.get(name.slice(0, -policy.length - 1));
    // Before the policy: a file for many nodes holds what is meant for others.
    if (endpoint === undefined) {
      warnings.push(
        `parameter ${name} (${source}): this node has no such ${direction}; it has ${[...qos.keys()].map((prefix) => prefix.slice(14)).join(', ')}`,
      );
      continue;
    }
    if (UNSUPPORTED.includes(policy))
      refuse(`${policy} is not supported; supported are ${POLICIES.join(', ')}`);
    if (!POLICIES.some((known) => known === policy))
      refuse(`${policy} is no policy; supported are ${POLICIES.join(', ')}`);
    if (policy === 'depth') {
      const [low, high] = DEPTHS;
      if (typeof value !== 'bigint' || value < low || value > high)
        refuse(`${show(value)} is not allowed; allowed: an integer from ${low} to ${high}`);
      endpoint.qos[policy] = Number(value);
    } else {
      const allowed: readonly unknown[] = QOS_VALUES[policy as keyof typeof QOS_VALUES];
      if (!allowed.includes(value)) refuse(`${show(value)} is not allowed; allowed: ${allowed.join(', ')}`);
      endpoint.qos[policy] = value;
    }
  }
  // Each field was set to one of its own values.
  const endpoints = [...qos].map(([prefix, { topic, direction, qos: set }]) => ({
    topic,
    direction,
    qos: set as unknown as TopicQos,
    prefix,
  }));
  return { endpoints, warnings };
}
