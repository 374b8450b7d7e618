import { parseValue, readParameterFile } from './parameterFile.js';
import { kindOf, type RclKind, type RclValue, show, withArticle } from './rclValue.js';

/** Where an override came from, and its value as rcl types it. */
export interface Override {
  readonly value: RclValue;
  readonly source: string;
}

export interface Overrides {
  readonly values: ReadonlyMap<string, Override>;
  /** One line for every key that applies to no node of this name, and for every value that lost against one of another type. */
  readonly warnings: readonly string[];
}

/** All that was given for one key, which stays where it was first named. */
type Given = Map<string, Partial<Record<RclKind, Override>>>;

/** Of two types for one name under one key rcl takes the first of these, whichever came last. */
const PRECEDENCE: readonly RclKind[] = [
  'boolean',
  'integer',
  'double',
  'string',
  'empty list',
  'boolean list',
  'integer list',
  'double list',
  'string list',
];

const COMMAND_LINE = 'the command line';

/**
 * Parameter overrides from the command line, by the rules of rcl: `--params-file` and `-p [node:]name:=value` after
 * `--ros-args`. rcl keeps one list of node keys, in the order in which they are first named, where `-p` without a node
 * stands under `/**`; under one key the later value wins, and of the keys that match, the later key. So `-p` does not
 * win over a file that names the node, if the file has a `/**` before.
 *
 * rclnodejs matches only `/**` and the bare name, which loses what launch writes for a node in a namespace.
 * @param nodeName and `namespace` are those that rcl gave the node, remaps applied
 * @throws Error that names the argument or the file and line, where rcl refuses it.
 */
export function readOverrides(argv: readonly string[], nodeName: string, namespace: string): Overrides {
  const fullName = `${namespace.replace(/\/+$/, '')}/${nodeName}`;
  const keys = new Map<string, Given>();
  const warnings: string[] = [];
  const add = (node: string, name: string, value: RclValue, source: string): void => {
    const given = at(keys, node);
    given.set(name, { ...given.get(name), [kindOf(value)]: { value, source } });
  };
  for (const { flag, operand } of parameterArguments(argv)) {
    if (flag === '--params-file') {
      for (const { node, parameters } of readParameterFile(operand)) {
        at(keys, node);
        for (const [name, value] of parameters) add(node, name, value, operand);
        if (!matches(node, fullName))
          warnings.push(`${operand}: "${node}" does not match ${fullName}; its parameters are not used here`);
      }
    } else {
      const { node, name, value } = parseRule(operand);
      add(node, name, value, COMMAND_LINE);
      if (!matches(node, fullName))
        warnings.push(`-p ${operand}: "${node}" does not match ${fullName}; it is not used here`);
    }
  }
  const values = new Map<string, Override>();
  for (const [node, given] of keys) {
    if (!matches(node, fullName)) continue;
    for (const [name, byKind] of given) {
      const [kept, ...lost] = PRECEDENCE.flatMap((kind) => byKind[kind] ?? []);
      if (kept === undefined) continue;
      values.set(name, kept);
      for (const { value, source } of lost)
        warnings.push(
          `parameter ${name}: ${show(value)} (${source}) is not used: ROS 2 keeps ${show(kept.value)} (${kept.source}), ${withArticle(kindOf(kept.value))}; give both the same type`,
        );
    }
  }
  return { values, warnings };
}

function at(keys: Map<string, Given>, node: string): Given {
  const given = keys.get(node) ?? new Map<string, Partial<Record<RclKind, Override>>>();
  keys.set(node, given);
  return given;
}

const ALIASES: Readonly<Record<string, string>> = { '-p': '--param', '-r': '--remap', '-e': '--enclave' };
const WITH_OPERAND = [
  '--param',
  '--params-file',
  '--remap',
  '--enclave',
  '--log-level',
  '--log-config-file',
  '--log-file-name',
];
const WITHOUT = /^--(?:en|dis)able-(?:rosout|stdout|external-lib)-logs$/;

/** Between `--ros-args` and `--`, as often as they occur. @throws Error that names an argument that ROS 2 does not know */
function parameterArguments(argv: readonly string[]): { flag: string; operand: string }[] {
  const result: { flag: string; operand: string }[] = [];
  let inside = false;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === '--ros-args') inside = true;
    else if (argument === '--') inside = false;
    else if (inside && !WITHOUT.test(argument)) {
      const flag = ALIASES[argument] ?? argument;
      if (!WITH_OPERAND.includes(flag))
        throw new Error(
          `${argument} is no ROS argument; what is not ROS's stands before --ros-args or after --`,
        );
      const operand = argv[++i];
      if (operand === undefined) throw new Error(`${argument} is the last argument; what it sets is missing`);
      if (flag === '--param' || flag === '--params-file') result.push({ flag, operand });
    }
  }
  return result;
}

const TOKEN = '(?!__)[A-Za-z_][A-Za-z0-9_]*';
const RULE = new RegExp(`^(?:(${TOKEN}):)?((?:${TOKEN}|/)(?:\\.?(?:${TOKEN}|/))*):=(.*)$`, 's');

function parseRule(rule: string): { node: string; name: string; value: RclValue } {
  const [, node = '/**', name, text] = RULE.exec(rule) ?? [];
  if (name === undefined || text === undefined) {
    throw new Error(
      `-p ${rule}: it is [node:]name:=value, where node is a bare name without slashes and wildcards; files take those`,
    );
  }
  try {
    return { node, name, value: parseValue(text) };
  } catch (error) {
    throw new Error(`-p ${rule}: the value ${(error as Error).message.split('\n')[0] ?? ''}`, {
      cause: error,
    });
  }
}

/** `*` is one part of a name, `**` any number, also none. */
function matches(pattern: string, fullName: string): boolean {
  const match = (parts: readonly string[], name: readonly string[]): boolean => {
    const [part, ...rest] = parts;
    if (part === undefined) return name.length === 0;
    if (part === '**') return match(rest, name) || (name.length > 0 && match(parts, name.slice(1)));
    return name.length > 0 && (part === '*' || part === name[0]) && match(rest, name.slice(1));
  };
  const split = (name: string): string[] => name.split('/').filter(Boolean);
  return match(split(pattern), split(fullName));
}
