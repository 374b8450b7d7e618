/** States of a managed node, with their ids in lifecycle_msgs/msg/State; from 10 on those of a transition under way. */
export const STATES = {
  unknown: 0,
  unconfigured: 1,
  inactive: 2,
  active: 3,
  finalized: 4,
  configuring: 10,
  cleaningup: 11,
  shuttingdown: 12,
  activating: 13,
  deactivating: 14,
  errorprocessing: 15,
} as const;
export type State = keyof typeof STATES;

/** What a node can be asked to do. */
export type Action = 'configure' | 'cleanup' | 'activate' | 'deactivate' | 'shutdown';
/** failure: it is as before; error: nobody knows how it is. */
export type Outcome = 'success' | 'failure' | 'error';

/** What somebody asks for: an action's label, or its id where the label is empty. */
export interface Asked {
  readonly id: number;
  readonly label: string;
}

/** With its id in lifecycle_msgs/msg/Transition. */
export interface Transition {
  readonly id: number;
  readonly label: Action | `transition_${Outcome}`;
  readonly start: State;
  readonly goal: State;
}

function outcomes(start: State, firstId: number, goals: readonly [State, State, State]): Transition[] {
  const labels = ['success', 'failure', 'error'] as const;
  return labels.map((outcome, i) => ({
    id: firstId + i,
    label: `transition_${outcome}`,
    start,
    goal: goals[i]!,
  }));
}

/** The whole graph, as rcl_lifecycle has it: an action leads into a state of its own, and its outcome out of that. */
export const TRANSITIONS: readonly Transition[] = [
  { id: 1, label: 'configure', start: 'unconfigured', goal: 'configuring' },
  ...outcomes('configuring', 10, ['inactive', 'unconfigured', 'errorprocessing']),
  { id: 2, label: 'cleanup', start: 'inactive', goal: 'cleaningup' },
  ...outcomes('cleaningup', 20, ['unconfigured', 'inactive', 'errorprocessing']),
  { id: 3, label: 'activate', start: 'inactive', goal: 'activating' },
  ...outcomes('activating', 30, ['active', 'inactive', 'errorprocessing']),
  { id: 4, label: 'deactivate', start: 'active', goal: 'deactivating' },
  ...outcomes('deactivating', 40, ['inactive', 'active', 'errorprocessing']),
  { id: 5, label: 'shutdown', start: 'unconfigured', goal: 'shuttingdown' },
  { id: 6, label: 'shutdown', start: 'inactive', goal: 'shuttingdown' },
  { id: 7, label: 'shutdown', start: 'active', goal: 'shuttingdown' },
  ...outcomes('shuttingdown', 50, ['finalized', 'finalized', 'errorprocessing']),
  ...outcomes('errorprocessing', 60, ['unconfigured', 'finalized', 'finalized']),
];

/** The actions that a state allows. */
export function actionsOf(state: State): (Transition & { readonly label: Action })[] {
  return TRANSITIONS.filter(
    (transition): transition is Transition & { readonly label: Action } =>
      transition.start === state && !transition.label.startsWith('transition_'),
  );
}

/** Does what the transitions mean. */
export interface LifecycleWork {
  /** A throw counts as an error. */
  perform(action: Action): Promise<Exclude<Outcome, 'error'>>;
  /** After an error: puts everything away. A throw means that this cannot be done either: the node is finalized. */
  recover(error: unknown): Promise<void>;
}

/** The state machine of a managed node. One action at a time: what is asked meanwhile is refused. */
export class Lifecycle {
  #state: State = 'unconfigured';

  /** `changed`: called after every change of the state, also those into and out of a state under way. */
  constructor(
    private readonly work: LifecycleWork,
    private readonly changed: (transition: Transition) => void = () => undefined,
  ) {}

  get state(): State {
    return this.#state;
  }

  /**
   * @returns what became of it; refused: it is not allowed now. Does not throw
   */
  async change({ id, label }: Asked): Promise<Outcome | 'refused'> {
    const allowed = actionsOf(this.#state);
    const transition = allowed.find((other) => (label === '' ? other.id === id : other.label === label));
    if (transition === undefined) return 'refused';
    this.#follow(transition);
    let outcome: Outcome;
    try {
      outcome = await this.work.perform(transition.label);
      this.#finish(outcome);
    } catch (error) {
      outcome = 'error';
      this.#finish(outcome);
      await this.#recover(error);
    }
    return outcome;
  }

  async #recover(error: unknown): Promise<void> {
    let outcome: Outcome = 'success';
    try {
      await this.work.recover(error);
    } catch {
      outcome = 'error';
    }
    this.#finish(outcome);
  }

  #finish(outcome: Outcome): void {
    const start = this.#state;
    this.#follow(
      TRANSITIONS.find((other) => other.start === start && other.label === `transition_${outcome}`)!,
    );
  }

  #follow(transition: Transition): void {
    this.#state = transition.goal;
    this.changed(transition);
  }
}
