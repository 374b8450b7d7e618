/** One side of a topic, as the graph shows it. */
export interface Peer {
  /** Full name of its node; for a moment after it has come, and of a program without ROS, that is not known. */
  readonly node: string | undefined;
  /** Of the message. */
  readonly type: string;
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'transient_local' | 'volatile';
}

const NAMELESS = 'a node whose name is not known';

/**
 * What keeps this node and others on a topic apart, each in one line with the remedy: a subscriber that asks for more
 * than a publisher offers gets nothing, and the middleware says so only where it supports such events.
 * @param self full name of this node; pairs that it is no part of are left out
 */
export function qosMismatches(
  topic: string,
  publishers: readonly Peer[],
  subscriptions: readonly Peer[],
  self: string,
): string[] {
  const troubles = new Set<string>();
  for (const offered of publishers) {
    for (const asked of subscriptions) {
      if ((offered.node === self) === (asked.node === self)) continue;
      const policy =
        asked.reliability === 'reliable' && offered.reliability !== 'reliable'
          ? 'reliability'
          : asked.durability === 'transient_local' && offered.durability !== 'transient_local'
            ? 'durability'
            : undefined;
      if (policy === undefined) continue;
      const [wanted, given] = [asked[policy], offered[policy]];
      troubles.add(
        asked.node === self
          ? `${topic}: ${offered.node ?? NAMELESS} publishes ${given}, and this node asks for ${wanted}: nothing comes; set qos_overrides.${topic}.subscription.${policy} to ${given}`
          : `${topic}: ${asked.node ?? NAMELESS} asks for ${wanted}, and this node publishes ${given}: it gets nothing; let it ask for ${given}, or set qos_overrides.${topic}.publisher.${policy} to ${wanted}`,
      );
    }
  }
  return [...troubles];
}
