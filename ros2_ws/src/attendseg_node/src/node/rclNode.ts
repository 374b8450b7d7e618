import rclnodejs from 'rclnodejs';
import { errorText } from '../errorText.js';
import { sendPatiently } from './serviceAnswer.js';

type Parameter = InstanceType<typeof rclnodejs.Parameter>;
type ParameterType = ConstructorParameters<typeof rclnodejs.Parameter>[1];

/** Constants of rcl_interfaces/msg/ParameterType; rclnodejs's own are a const enum, out of reach for isolated modules. */
/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment */
const PARAMETER_TYPES = {
  boolean: 1 as ParameterType,
  integer: 2 as ParameterType,
  double: 3 as ParameterType,
  string: 4 as ParameterType,
  'string list': 9 as ParameterType,
};
/* eslint-enable @typescript-eslint/no-unsafe-enum-assignment */

export interface RosParameter {
  readonly name: string;
  readonly type: keyof typeof PARAMETER_TYPES;
  readonly value: boolean | number | string | readonly string[];
  readonly description: string;
  /** May it be changed while the node runs? */
  readonly live: boolean;
  /** Of numbers. */
  readonly range?: readonly [number, number];
  /** What it may be, and when, in words. */
  readonly allowed: string;
}

/** Integers are bigint; undefined is a deletion. */
export interface ParameterChange {
  readonly name: string;
  readonly value: unknown;
}

/** What becomes of changes: none is made for a reason, or these are. */
export type Decision =
  | { readonly refused: string }
  | {
      readonly accepted: readonly Pick<RosParameter, 'name' | 'type' | 'value'>[];
      /** Called once they are made. */
      readonly apply: () => void;
    };

/** What rclnodejs's node inherits from its native part, which its types leave out. */
const NATIVE = rclnodejs.Node.prototype as unknown as { syncHandles(): void };

/** What a service does of each request: by `response.send`, or by what it returns. */
type Handler = (request: unknown, response: { sent: boolean; send: (answer: object) => void }) => unknown;

/**
 * rclnodejs's node where the decision about parameters is ours alone, whose waiting thread seldom wakes, and whose
 * services, those of parameters too, answer also whom they have not discovered yet.
 */
export class RclNode extends rclnodejs.Node {
  /** Is ROS at its end, so that its handles may be gone? */
  ended = false;
  decide: ((changes: readonly ParameterChange[]) => Decision) | undefined;
  readonly #waker = this.createGuardCondition(() => undefined);

  /**
   * Called whenever a subscription or service comes or goes; waits until the thread that waits for messages returns. So
   * that one is woken; without that, it would have to wake by itself again and again.
   */
  syncHandles(): void {
    // While rclnodejs's constructor runs, the thread does not.
    if (#waker in this) this.#waker.trigger();
    NATIVE.syncHandles.call(this);
  }

  override createService(...given: unknown[]): never {
    const handle = given.pop() as Handler;
    const [type, name, options = {}] = given;
    const answer: Handler = async (request, response) => {
      const send = response.send.bind(response);
      const failed = (error: unknown): void => {
        this.getLogger().error(`${String(name)}: not answered: ${errorText(error)}`);
      };
      response.send = (message) => {
        response.sent = true;
        sendPatiently(
          () => {
            send(message);
          },
          () => this.ended,
        ).catch(failed);
      };
      try {
        const message = (await handle(request, response)) as object | undefined;
        if (message !== undefined && !response.sent) response.send(message);
      } catch (error) {
        failed(error);
      }
    };
    const create = super.createService.bind(this) as (...all: unknown[]) => never;
    return create(type, name, options, answer);
  }

  /** Overrides come by parameterOverrides.ts; rclnodejs would die of a list of integers that is meant for another node. */
  protected _getNativeParameterOverrides(): Map<string, Parameter> {
    return new Map();
  }

  /** All ways to set parameters lead here. rclnodejs's own checks name neither the value nor what is allowed. */
  override setParametersAtomically(
    parameters: Parameter[],
  ): ReturnType<InstanceType<typeof rclnodejs.Node>['setParametersAtomically']> {
    const decision = this.decide?.(parameters.map(({ name, value }) => ({ name, value: value as unknown })));
    if (decision === undefined) return super.setParametersAtomically(parameters);
    if ('refused' in decision) return { successful: false, reason: decision.refused };
    const { accepted, apply } = decision;
    if (accepted.length === 0) return { successful: true, reason: '' };
    const result = super.setParametersAtomically(accepted.map(toParameter));
    if (result.successful) apply();
    return result;
  }
}

/** rclnodejs forgets the range where it describes a parameter. */
export class Descriptor extends rclnodejs.ParameterDescriptor {
  constructor(private readonly parameter: RosParameter) {
    const { name, type, description, live, allowed } = parameter;
    super(name, PARAMETER_TYPES[type], description, !live);
    this.additionalConstraints = allowed;
  }

  override toMessage(): ReturnType<InstanceType<typeof rclnodejs.ParameterDescriptor>['toMessage']> {
    const message = super.toMessage();
    const { type, range } = this.parameter;
    if (range === undefined) return message;
    const [low, high] = range;
    return type === 'integer'
      ? { ...message, integer_range: [{ from_value: BigInt(low), to_value: BigInt(high), step: 1n }] }
      : { ...message, floating_point_range: [{ from_value: low, to_value: high, step: 0 }] };
  }
}

export function toParameter({ name, type, value }: Pick<RosParameter, 'name' | 'type' | 'value'>): Parameter {
  const raw = type === 'integer' ? BigInt(Number(value)) : typeof value === 'object' ? [...value] : value;
  return new rclnodejs.Parameter(name, PARAMETER_TYPES[type], raw);
}
