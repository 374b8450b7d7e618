import { expect, test } from '@jest/globals';
import { healthOf, type HealthSigns } from '#node/health.js';

const signs: HealthSigns = {
  now: 10_000,
  startedAt: 0,
  lastArrival: 9_900,
  staleAfter: 2000,
  source: '/camera',
  obstacle: () => undefined,
  standby: false,
  pace: { received: 30, published: 28, superseded: 2 },
  trouble: undefined,
  warning: undefined,
};

test.each<[string, Partial<HealthSigns>, string, string]>([
  ['frames that come', {}, 'segmenting', 'segmenting'],
  ['nobody who subscribes', { standby: true }, 'standby', 'nobody subscribes'],
  ['no frame yet', { now: 500, lastArrival: undefined }, 'starting', 'first frame on /camera'],
  ['no frame for long', { lastArrival: undefined }, 'stale', 'no frames for 10 s: /camera is silent'],
  [
    'a camera that falls silent',
    { lastArrival: 7_750, standby: true },
    'stale',
    'no frames for 2.2 s: /camera',
  ],
  [
    'a reason for silence',
    { lastArrival: 7_000, obstacle: () => 'nobody sends' },
    'stale',
    '3 s: nobody sends',
  ],
  [
    'a camera that is too fast',
    { pace: { received: 30, published: 20.25, superseded: 9.5 } },
    'slow',
    'too slow for /camera: 20.3 of 30.0 frames a second are segmented; set max_rate',
  ],
  [
    'frames that are dropped because max_rate says so',
    { pace: { received: 30, published: 5, superseded: 0 } },
    'segmenting',
    'segmenting',
  ],
  ['an obstacle beside frames that come', { obstacle: () => 'two types' }, 'segmenting', 'segmenting'],
  ['trouble', { trouble: '/camera: step is wrong', lastArrival: undefined }, 'failing', 'step is wrong'],
])('%s', (_, changes, state, words) => {
  const health = healthOf({ ...signs, ...changes });
  expect(health.state).toBe(state);
  expect(health.message).toContain(words);
});

test.each<[Partial<HealthSigns>, string]>([
  [{}, 'ok'],
  [{ standby: true }, 'ok'],
  [{ lastArrival: undefined }, 'warn'],
  [{ pace: { received: 30, published: 20, superseded: 10 } }, 'warn'],
  [{ trouble: 'no session' }, 'error'],
  [{ warning: 'two nodes' }, 'warn'],
  [{ warning: 'two nodes', trouble: 'no session' }, 'error'],
])('%p has the level %s', (changes, level) => {
  const health = healthOf({ ...signs, ...changes });
  expect(health.level).toBe(level);
  expect(health.message).toContain(changes.warning ?? '');
});
