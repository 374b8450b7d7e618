import type { Overrides } from './parameterOverrides.js';
import {
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type Parameters,
  type ParameterValue,
} from './parameterTable.js';
import type { RosNode } from './ros.js';

/** What declaring parameters needs of the node. */
export type ParameterNode = Pick<RosNode, 'declareParameter' | 'onParameterChanges' | 'simulateTime' | 'log'>;

/**
 * Declares the whole table on the node with its overrides, and keeps the parsed values up to date.
 * @returns a function that gives the current values
 * @throws Error that names the parameter, if an override is not allowed
 */
export function declareParameters(node: ParameterNode, overrides: Overrides): () => Parameters {
  const warn = (message: string): void => {
    node.log.warn(message);
  };
  overrides.warnings.forEach(warn);
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
    node.declareParameter({ name, value: raw, ...spec });
  }
  // rclnodejs misses the override where a file names the node with its namespace.
  const simulated = overrides.values.get('use_sim_time')?.value;
  if (typeof simulated === 'boolean') node.simulateTime(simulated);
  node.onParameterChanges((changes) => {
    const accepted: Record<string, unknown> = {};
    for (const { name, value } of changes) {
      if (!isOurs(name)) continue;
      const spec = PARAMETERS[name];
      if (!spec.live) return `${name} takes effect only at start; restart the node with it`;
      try {
        accepted[name] = spec.parse(scalar(name, value));
      } catch (error) {
        return `${name}: ${(error as Error).message}`;
      }
    }
    Object.assign(values, accepted);
    return undefined;
  });
  // Every name of the table has been parsed by its own entry.
  return () => values as unknown as Parameters;
}

function isOurs(name: string): name is ParameterName {
  return name in PARAMETERS;
}

/** A number or a string; YAML also reads `true`, `null` or lists. */
function scalar(name: string, value: unknown): ParameterValue {
  const type = PARAMETERS[name as ParameterName].type;
  if (typeof value === 'bigint') return Number(value);
  if (type === 'strings' && Array.isArray(value)) return value.map(String);
  if (type === 'strings' && typeof value === 'string') return [value];
  if (type === 'string' && (typeof value === 'string' || typeof value === 'number')) return String(value);
  if (type !== 'string' && type !== 'strings' && typeof value === 'number') {
    if (type === 'integer' && !Number.isInteger(value))
      throw new Error(`parameter ${name}: ${value} is not an integer`);
    return value;
  }
  throw new Error(`parameter ${name}: ${JSON.stringify(value)} is not a ${type}`);
}
