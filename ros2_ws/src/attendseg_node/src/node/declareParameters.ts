import type { Override, Overrides } from './parameterOverrides.js';
import {
  allowedOf,
  CAMERA_PARAMETERS,
  type Live,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type Parameters,
  whenChanged,
} from './parameterTable.js';
import { DEPTHS, readQosOverrides } from './qosOverrides.js';
import type { Decision, ParameterChange, RosParameter } from './rclNode.js';
import { kindOf, type RclValue, show, withArticle } from './rclValue.js';
import type { RosNode } from './ros.js';
import { endpointsOf, QOS_VALUES, type Topic, type TopicQos } from './topics.js';

/** What declaring parameters needs of the node. */
export type ParameterNode = Pick<
  RosNode,
  'declareParameter' | 'onParameterChanges' | 'simulateTime' | 'log' | 'resolve' | 'overrideQos'
>;

type Raw = RosParameter['value'];

/** A parameter as the graph sees it. */
interface Entry {
  readonly type: RosParameter['type'];
  /** In words. */
  readonly allowed: string;
  readonly live: Live;
  /** @throws Error that says what is allowed */
  readonly parse: (value: Raw) => unknown;
  /** Where the parsed value goes, if it is one of the table. */
  readonly set?: (value: unknown) => void;
  raw: Raw;
}

/** The parameters of a node that runs. */
export interface NodeParameters {
  /** As they are now: always the same object, whose fields change. */
  readonly values: Parameters;
  /** The same as a camera has them: its own values before those of all. */
  of(camera: string): Parameters;
  /** Looks at what the values would be after a change. @throws Error that says why they cannot be so */
  check: ((next: Parameters) => void) | undefined;
  /** Called when values have changed. */
  changed: (() => void) | undefined;
  /** Is the node unconfigured, so that what configuring reads may be changed? */
  unconfigured: boolean;
}

/**
 * Declares the whole table on the node with its overrides, and keeps the parsed values up to date.
 * @throws Error that names the parameter, if an override is not allowed
 */
export function declareParameters(node: ParameterNode, overrides: Overrides): NodeParameters {
  const warn = (message: string): void => {
    node.log.warn(message);
  };
  overrides.warnings.forEach(warn);
  const entries = new Map<string, Entry>(ofEveryNode());
  const values: Record<string, unknown> = {};
  const declare = (name: string, like: ParameterName, target: Record<string, unknown>): void => {
    const { default: raw, parse, type, live, description, ...bounds } = PARAMETERS[like];
    const set = (value: unknown): void => {
      target[like] = value;
    };
    const entry: Entry = {
      type,
      live,
      allowed: allowedOf(like),
      raw,
      parse: parse,
      set,
    };
    entries.set(name, entry);
    const override = overrides.values.get(name);
    if (override !== undefined) entry.raw = start(name, entry, override);
    set(entry.parse(entry.raw));
    const allowed = `${entry.allowed}; ${whenChanged(live)}`;
    const range = 'range' in bounds ? { range: bounds.range } : {};
    node.declareParameter({
      name,
      type,
      value: entry.raw,
      description,
      live: live !== false,
      allowed,
      ...range,
    });
  };
  for (const name of PARAMETER_NAMES) declare(name, name, values);
  // Every name of the table has been parsed by its own entry.
  const all = values as unknown as Parameters;
  const cameras = new Map<string, Record<string, unknown>>();
  for (const camera of all.cameras) {
    // What it has no own value of, it has from all.
    const own = Object.create(values) as Record<string, unknown>;
    cameras.set(camera, own);
    for (const name of CAMERA_PARAMETERS)
      if (overrides.values.has(`${camera}.${name}`)) declare(`${camera}.${name}`, name, own);
  }
  const parameters: NodeParameters = {
    values: all,
    of: (camera) => (cameras.get(camera) ?? values) as unknown as Parameters,
    check: undefined,
    changed: undefined,
    unconfigured: true,
  };
  declareQos(node, overrides, entries, parameters.values).forEach(warn);
  for (const [name, override] of overrides.values) {
    const entry = entries.get(name);
    if (entry === undefined) {
      // Told already.
      if (name.startsWith('qos_overrides.')) continue;
      warn(`parameter ${name} (${override.source}): there is none of that name; it is not used`);
    } else if (name === 'use_sim_time') {
      entry.raw = start(name, entry, override);
      node.simulateTime(entry.raw === true);
    } else if (name in OF_EVERY_NODE && start(name, entry, override) !== entry.raw) {
      warn(`parameter ${name} (${override.source}): it is always ${show(entry.raw)} here`);
    }
  }
  node.onParameterChanges((changes) => decide(changes, entries, parameters));
  return parameters;
}

/** Declares the QoS of every topic as rclcpp does, read-only. @returns warnings */
function declareQos(
  node: ParameterNode,
  overrides: Overrides,
  entries: Map<string, Entry>,
  { cameras, groups }: Parameters,
): readonly string[] {
  const resolve = (topic: Topic): string => node.resolve(topic);
  const own = endpointsOf(cameras, groups.keys(), resolve);
  const { endpoints, warnings } = readQosOverrides(overrides.values, own, resolve);
  for (const { topic, direction, prefix, qos } of endpoints) {
    node.overrideQos(topic, direction, qos);
    for (const [policy, value] of Object.entries(qos) as [keyof TopicQos, string | number][]) {
      const name = `${prefix}.${policy}`;
      const type = policy === 'depth' ? 'integer' : 'string';
      const allowed = policy === 'depth' ? DEPTHS.join(' to ') : QOS_VALUES[policy].join(', ');
      entries.set(name, { type, allowed, live: false, raw: value, parse: (raw) => raw });
      const description = `The ${policy} of ${prefix.slice('qos_overrides.'.length)}`;
      node.declareParameter({
        name,
        type,
        value,
        description,
        live: false,
        allowed: `${allowed}; read at start`,
      });
    }
  }
  return warnings;
}

/** What rclnodejs declares on its own. */
const OF_EVERY_NODE: Readonly<Record<string, { readonly live: boolean; readonly raw: boolean }>> = {
  use_sim_time: { live: true, raw: false },
  start_type_description_service: { live: false, raw: true },
};

function ofEveryNode(): [string, Entry][] {
  return Object.entries(OF_EVERY_NODE).map(([name, { live, raw }]) => [
    name,
    { type: 'boolean', allowed: 'true, false', live, raw, parse: (value) => value },
  ]);
}

function start(name: string, entry: Entry, { value, source }: Override): Raw {
  try {
    return settle(entry, value);
  } catch (error) {
    throw new Error(`parameter ${name} (${source}): ${(error as Error).message}`, { cause: error });
  }
}

/** Takes all changes or none. A value that is the same already is no change, so that what was dumped can be loaded. */
function decide(
  changes: readonly ParameterChange[],
  entries: ReadonlyMap<string, Entry>,
  parameters: NodeParameters,
): Decision {
  const { values, check, unconfigured } = parameters;
  const accepted: { name: string; type: Entry['type']; value: Raw }[] = [];
  for (const { name, value } of changes) {
    const entry = entries.get(name);
    if (entry === undefined)
      return {
        refused: `${name}: there is no parameter of that name; there are ${[...entries.keys()].join(', ')}`,
      };
    if (value === undefined) return { refused: `${name}: it cannot be deleted; allowed: ${entry.allowed}` };
    let raw: Raw;
    try {
      raw = settle(entry, value as RclValue);
    } catch (error) {
      return { refused: `${name}: ${(error as Error).message}` };
    }
    const changeable = entry.live === 'unconfigured' ? unconfigured : entry.live;
    if (!changeable && shown(entry, raw) !== shown(entry, entry.raw)) {
      const [when, first] =
        entry.live === false
          ? ['only at start', '']
          : ['when the node is configured', 'clean it up first, or '];
      return {
        refused: `${name} takes effect ${when}: it stays ${shown(entry, entry.raw)}; ${first}restart the node with ${shown(entry, raw)} (allowed: ${entry.allowed})`,
      };
    }
    if (changeable) accepted.push({ name, type: entry.type, value: raw });
  }
  const parsed = accepted.map(({ name, value }) => ({
    name,
    value,
    parsed: entries.get(name)!.parse(value),
  }));
  try {
    check?.({
      ...values,
      ...Object.fromEntries(
        parsed.filter(({ name }) => name in values).map((each) => [each.name, each.parsed]),
      ),
    });
  } catch (error) {
    return { refused: (error as Error).message };
  }
  return {
    accepted,
    apply: () => {
      for (const { name, value, parsed: result } of parsed) {
        const entry = entries.get(name)!;
        entry.raw = value;
        entry.set?.(result);
      }
      parameters.changed?.();
    },
  };
}

/**
 * A value as the parameter takes it: an integer is a double, too.
 * @throws Error that gives the value and what is allowed
 */
function settle(entry: Entry, value: RclValue): Raw {
  const { type, allowed } = entry;
  // YAML takes a bare off for false.
  if (type === 'string' && value === false && allowed.split(', ').includes('off')) return 'off';
  const kind = kindOf(value);
  const isList = type === 'string list';
  const fits =
    kind === type ||
    (kind === 'integer' && type === 'double') ||
    (isList && (kind === 'string' || kind === 'empty list'));
  if (!fits || (typeof value === 'object' && !isList)) {
    const remedy = type === 'string' && typeof value !== 'object' ? `; put it in quotes` : '';
    throw new Error(
      `${show(value)} is ${withArticle(kind)}, not ${withArticle(type)}${remedy}; allowed: ${allowed}`,
    );
  }
  const raw = isList
    ? [value].flat().map(String)
    : typeof value === 'bigint'
      ? Number(value)
      : (value as Raw);
  entry.parse(raw);
  return raw;
}

/** Integers are kept as numbers. */
function shown({ type }: Entry, raw: Raw): string {
  return show(type === 'integer' ? BigInt(Number(raw)) : raw);
}
