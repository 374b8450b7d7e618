import { expect, test } from '@jest/globals';
import { type Peer, qosMismatches } from '#node/qosMismatch.js';
import { toPeer } from '#node/rmwTypes.js';

const peer = (
  node: Peer['node'],
  reliability: Peer['reliability'],
  durability: Peer['durability'],
): Peer => ({
  node,
  type: 'a type',
  reliability,
  durability,
});
const QUALITIES = (['reliable', 'best_effort'] as const).flatMap((reliability) =>
  (['transient_local', 'volatile'] as const).map((durability) => ({ reliability, durability })),
);

test.each(QUALITIES.flatMap((offered) => QUALITIES.map((asked) => [offered, asked] as const)))(
  'offered %p, asked for %p',
  (offered, asked) => {
    const fits =
      (asked.reliability === 'best_effort' || offered.reliability === 'reliable') &&
      (asked.durability === 'volatile' || offered.durability === 'transient_local');
    const publishers = [{ node: '/me', type: 'a type', ...offered }];
    const subscriptions = [{ node: '/other', type: 'a type', ...asked }];
    expect(qosMismatches('/t', publishers, subscriptions, '/me')).toHaveLength(fits ? 0 : 1);
    expect(qosMismatches('/t', publishers, subscriptions, '/other')).toHaveLength(fits ? 0 : 1);
    expect(qosMismatches('/t', publishers, subscriptions, '/third')).toEqual([]);
  },
);

test('who has only just come, or is no node, has no name', () => {
  const info = {
    node_namespace: '_NODE_NAMESPACE_UNKNOWN_',
    node_name: '_NODE_NAME_UNKNOWN_',
    topic_type: 'a type',
    qos_profile: { reliability: 2, durability: 2 },
  };
  const unknown = toPeer(info);
  expect(unknown).toEqual(peer(undefined, 'best_effort', 'volatile'));
  expect(toPeer({ ...info, node_namespace: '/', node_name: 'driver' }).node).toBe('/driver');
  expect(qosMismatches('/image', [unknown], [peer('/me', 'reliable', 'volatile')], '/me')).toEqual([
    expect.stringContaining('/image: a node whose name is not known publishes best_effort, and this node'),
  ]);
});

test('says who, what and the remedy', () => {
  const camera = [peer('/driver', 'best_effort', 'volatile')];
  const node = [peer('/me', 'reliable', 'volatile')];
  expect(qosMismatches('/image', camera, node, '/me')).toEqual([
    '/image: /driver publishes best_effort, and this node asks for reliable: nothing comes; set qos_overrides./image.subscription.reliability to best_effort',
  ]);
  const latched = [peer('/nav', 'reliable', 'transient_local'), peer('/nav', 'reliable', 'transient_local')];
  expect(qosMismatches('/mask', node, latched, '/me')).toEqual([
    '/mask: /nav asks for transient_local, and this node publishes volatile: it gets nothing; let it ask for volatile, or set qos_overrides./mask.publisher.durability to transient_local',
  ]);
});
