import rclnodejs from 'rclnodejs';
import type { Overrides } from './parameterOverrides.js';
import {
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type Parameters,
  type ParameterValue,
} from './parameterTable.js';

type Node = InstanceType<typeof rclnodejs.Node>;
type Parameter = InstanceType<typeof rclnodejs.Parameter>;

type ParameterType = ConstructorParameters<typeof rclnodejs.Parameter>[1];

/** Constants of rcl_interfaces/msg/ParameterType; rclnodejs's own are a const enum, out of reach for isolated modules. */
/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment */
const TYPES = {
  bool: 1 as ParameterType,
  integer: 2 as ParameterType,
  double: 3 as ParameterType,
  string: 4 as ParameterType,
};
/* eslint-enable @typescript-eslint/no-unsafe-enum-assignment */

/**
 * Declares the whole table on the node with its overrides, and keeps the parsed values up to date.
 * @returns a function that gives the current values
 * @throws Error that names the parameter, if an override is not allowed
 */
export function declareParameters(
  node: Node,
  overrides: Overrides,
  warn: (message: string) => void,
): () => Parameters {
  overrides.unmatched.forEach(warn);
  for (const [name, { source }] of overrides.values) {
    if (!(name in PARAMETERS) && name !== 'use_sim_time' && !name.startsWith('qos_overrides.')) {
      warn(`parameter ${name} (${source}): there is none of that name; it is not used`);
    }
  }
  const values: Record<string, unknown> = {};
  for (const name of PARAMETER_NAMES) {
    const spec = PARAMETERS[name];
    const override = overrides.values.get(name);
    let raw: ParameterValue = spec.default;
    if (override !== undefined) {
      raw = scalar(name, override.value);
      try {
        values[name] = spec.parse(raw);
      } catch (error) {
        throw new Error(`parameter ${name} (${override.source}): ${(error as Error).message}`, {
          cause: error,
        });
      }
    } else {
      values[name] = spec.parse(raw);
    }
    const range =
      spec.type === 'integer'
        ? new rclnodejs.IntegerRange(BigInt(spec.range[0]), BigInt(spec.range[1]))
        : spec.type === 'double'
          ? new rclnodejs.FloatingPointRange(...spec.range, 0)
          : undefined;
    const type = TYPES[spec.type];
    const descriptor = new rclnodejs.ParameterDescriptor(name, type, spec.description, false, range);
    if (spec.type === 'string') descriptor.additionalConstraints = spec.allowed;
    const value = spec.type === 'integer' ? BigInt(raw) : spec.type === 'double' ? Number(raw) : String(raw);
    node.declareParameter(new rclnodejs.Parameter(name, type, value), descriptor, true);
  }
  adoptSimTime(node, overrides);
  node.addOnSetParametersCallback((changes: Parameter[]) => {
    const accepted: Record<string, unknown> = {};
    for (const { name, value } of changes) {
      if (!isOurs(name)) continue;
      const spec = PARAMETERS[name];
      if (!spec.live) return refusal(`${name} takes effect only at start; restart the node with it`);
      try {
        accepted[name] = spec.parse(scalar(name, value));
      } catch (error) {
        return refusal(`${name}: ${(error as Error).message}`);
      }
    }
    Object.assign(values, accepted);
    return { successful: true, reason: '' };
  });
  // Every name of the table has been parsed by its own entry.
  return () => values as unknown as Parameters;
}

function isOurs(name: string): name is ParameterName {
  return name in PARAMETERS;
}

function refusal(reason: string): { successful: boolean; reason: string } {
  return { successful: false, reason };
}

/** A number or a string; YAML also reads `true`, `null` or lists. */
function scalar(name: string, value: unknown): ParameterValue {
  const type = PARAMETERS[name as ParameterName].type;
  if (typeof value === 'bigint') return Number(value);
  if (type === 'string' && (typeof value === 'string' || typeof value === 'number')) return String(value);
  if (type !== 'string' && typeof value === 'number') {
    if (type === 'integer' && !Number.isInteger(value))
      throw new Error(`parameter ${name}: ${value} is not an integer`);
    return value;
  }
  throw new Error(`parameter ${name}: ${JSON.stringify(value)} is not a ${type}`);
}

/** rclnodejs misses the override where a file names the node with its namespace. */
function adoptSimTime(node: Node, overrides: Overrides): void {
  const simulated = overrides.values.get('use_sim_time')?.value;
  if (typeof simulated === 'boolean') {
    node.setParameter(new rclnodejs.Parameter('use_sim_time', TYPES.bool, simulated));
  }
}
