import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Action,
  actionsOf,
  Lifecycle,
  type LifecycleWork,
  type Outcome,
  type State,
  STATES,
  type Transition,
  TRANSITIONS,
} from '#node/lifecycle.js';

/** What each action does where it is allowed: the state under way, and where its outcomes lead. */
const EXPECTED: Readonly<
  Record<Action, { from: readonly State[]; success: State; failure: (from: State) => State }>
> = {
  configure: { from: ['unconfigured'], success: 'inactive', failure: (from) => from },
  cleanup: { from: ['inactive'], success: 'unconfigured', failure: (from) => from },
  activate: { from: ['inactive'], success: 'active', failure: (from) => from },
  deactivate: { from: ['active'], success: 'inactive', failure: (from) => from },
  shutdown: {
    from: ['unconfigured', 'inactive', 'active'],
    success: 'finalized',
    failure: () => 'finalized',
  },
};
const ACTIONS = Object.keys(EXPECTED) as Action[];
const OUTCOMES = ['success', 'failure', 'error'] as const;
/** How to get there. */
const WAYS: Readonly<Partial<Record<State, readonly Action[]>>> = {
  unconfigured: [],
  inactive: ['configure'],
  active: ['configure', 'activate'],
  finalized: ['shutdown'],
};

class Work implements LifecycleWork {
  outcome: Outcome = 'success';
  recovers = true;
  readonly done: Action[] = [];

  perform(action: Action): Promise<'success' | 'failure'> {
    this.done.push(action);
    return this.outcome === 'error' ? Promise.reject(new Error('broken')) : Promise.resolve(this.outcome);
  }

  recover(): Promise<void> {
    return this.recovers ? Promise.resolve() : Promise.reject(new Error('beyond repair'));
  }
}

async function at(state: State) {
  const work = new Work();
  const followed: Transition[] = [];
  const lifecycle = new Lifecycle(work, (transition) => {
    followed.push(transition);
  });
  for (const label of WAYS[state]!) expect(await lifecycle.change({ id: 0, label })).toBe('success');
  followed.length = work.done.length = 0;
  return { work, lifecycle, followed };
}

const byLabel = (label: string) => ({ id: 0, label });

describe('every state and every transition', () => {
  const primary = Object.keys(WAYS) as State[];
  const cases = primary.flatMap((state) =>
    ACTIONS.flatMap((action) => OUTCOMES.map((outcome) => [state, action, outcome] as const)),
  );
  test.each(cases)('%s, %s with %s', async (state, action, outcome) => {
    const { work, lifecycle, followed } = await at(state);
    work.outcome = outcome;
    const allowed = EXPECTED[action].from.includes(state);
    expect(await lifecycle.change(byLabel(action))).toBe(allowed ? outcome : 'refused');
    expect(work.done).toEqual(allowed ? [action] : []);
    if (!allowed) {
      expect([lifecycle.state, followed]).toEqual([state, []]);
      return;
    }
    const goal = { ...EXPECTED[action], error: 'unconfigured' as const }[outcome];
    expect(lifecycle.state).toBe(typeof goal === 'function' ? goal(state) : goal);
    expect(followed.map(({ label }) => label)).toEqual([
      action,
      `transition_${outcome}`,
      ...(outcome === 'error' ? ['transition_success'] : []),
    ]);
  });

  test.each(primary)('%s, by id', async (state) => {
    for (let id = 0; id < 100; id++) {
      const { lifecycle, work } = await at(state);
      const expected = actionsOf(state).find((transition) => transition.id === id);
      expect(await lifecycle.change({ id, label: '' })).toBe(expected === undefined ? 'refused' : 'success');
      expect(work.done).toEqual(expected === undefined ? [] : [expected.label]);
    }
  });

  test('a label outranks the id, as in rclcpp', async () => {
    const { lifecycle } = await at('inactive');
    expect(await lifecycle.change({ id: 3, label: 'nothing' })).toBe('refused');
    expect(await lifecycle.change({ id: 3, label: 'cleanup' })).toBe('success');
    expect(lifecycle.state).toBe('unconfigured');
  });

  test('an error that cannot be undone finalizes', async () => {
    const { lifecycle, work, followed } = await at('inactive');
    work.outcome = 'error';
    work.recovers = false;
    expect(await lifecycle.change(byLabel('activate'))).toBe('error');
    expect(lifecycle.state).toBe('finalized');
    expect(followed.map(({ id }) => id)).toEqual([3, 32, 62]);
  });
});

test('what is asked while an action is under way is refused, and changes nothing', async () => {
  const { lifecycle, work } = await at('unconfigured');
  let finish!: () => void;
  work.perform = () =>
    new Promise((resolve) => {
      finish = () => {
        resolve('success');
      };
    });
  const first = lifecycle.change(byLabel('configure'));
  expect(lifecycle.state).toBe('configuring');
  for (const label of [...ACTIONS, 'transition_success'])
    expect(await lifecycle.change(byLabel(label))).toBe('refused');
  for (const { id } of TRANSITIONS) expect(await lifecycle.change({ id, label: '' })).toBe('refused');
  finish();
  expect(await first).toBe('success');
  expect(lifecycle.state).toBe('inactive');
});

test('whatever is asked in whatever order, it is in a state that the graph allows, and does what it says', async () => {
  const step = fc.record({
    label: fc.constantFrom(...ACTIONS, 'nothing'),
    outcome: fc.constantFrom(...OUTCOMES),
    recovers: fc.boolean(),
    together: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { work, lifecycle, followed } = await at('unconfigured');
      let answers: Promise<string>[] = [];
      for (const { label, outcome, recovers, together } of steps) {
        Object.assign(work, { outcome, recovers });
        answers.push(lifecycle.change(byLabel(label)));
        if (together) continue;
        await Promise.all(answers);
        answers = [];
        expect(Object.keys(WAYS)).toContain(lifecycle.state);
      }
      await Promise.all(answers);
      // A chain without a gap, from the first state to the last, and an action for each step into work.
      const chain: State[] = ['unconfigured'];
      for (const { start, goal } of followed) {
        expect(start).toBe(chain.at(-1));
        chain.push(goal);
      }
      expect(chain.at(-1)).toBe(lifecycle.state);
      const asked = followed.map(({ label }) => label).filter((label) => !label.startsWith('transition_'));
      expect(asked).toEqual(work.done);
    }),
  );
});

test('ids are those of lifecycle_msgs, each once', () => {
  expect(new Set(Object.values(STATES)).size).toBe(11);
  expect(TRANSITIONS.map(({ id }) => id).sort((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62,
  ]);
});
