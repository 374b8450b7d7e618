import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Where an override came from, and its value as YAML has it. */
export interface Override {
  readonly value: unknown;
  readonly source: string;
}

export interface Overrides {
  readonly values: ReadonlyMap<string, Override>;
  /** One line for every node key that applies to no node of this name. */
  readonly unmatched: readonly string[];
}

/**
 * Parameter overrides from the command line, by the rules of rcl: `--params-file` and `-p [node:]name:=value` after
 * `--ros-args`, later ones win. In a file, keys may be a bare node name (in the root namespace), a qualified one,
 * nested namespaces, and hold the wildcards `*` (one part) and `**` (any number). The most specific key wins in
 * rcl by order in the file; so here.
 *
 * rclnodejs matches only `/**` and the bare name, which loses what launch writes for a node in a namespace.
 * @throws Error that names a file which cannot be read or is no parameter file.
 */
export function readOverrides(argv: readonly string[], nodeName: string, namespace: string): Overrides {
  const fullName = `${namespace.replace(/\/+$/, '')}/${nodeName}`;
  const values = new Map<string, Override>();
  const unmatched: string[] = [];
  const args = rosArguments(argv);
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === '--params-file' && args[i + 1] !== undefined) {
      const path = args[++i]!;
      for (const { node, parameters } of readParameterFile(path)) {
        if (matches(node, fullName)) {
          for (const [name, value] of Object.entries(flatten(parameters)))
            values.set(name, { value, source: path });
        } else {
          unmatched.push(`${path}: "${node}" does not match ${fullName}; its parameters are not used here`);
        }
      }
    } else if ((argument === '-p' || argument === '--param') && args[i + 1] !== undefined) {
      const [, node, name, text] = /^(?:([^:=]+):)?([^:=]+):=(.*)$/s.exec(args[++i]!) ?? [];
      if (name === undefined || (node !== undefined && node !== nodeName)) continue;
      values.set(name, { value: parse(text ?? ''), source: 'the command line' });
    }
  }
  return { values, unmatched };
}

/** What stands between `--ros-args` and `--`, as often as it occurs. */
function rosArguments(argv: readonly string[]): string[] {
  const result: string[] = [];
  let inside = false;
  for (const argument of argv) {
    if (argument === '--ros-args') inside = true;
    else if (argument === '--') inside = false;
    else if (inside) result.push(argument);
  }
  return result;
}

interface NodeParameters {
  readonly node: string;
  readonly parameters: Record<string, unknown>;
}

function readParameterFile(path: string): NodeParameters[] {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`parameter file ${path}: ${(error as Error).message.split('\n')[0] ?? ''}`, {
      cause: error,
    });
  }
  const result: NodeParameters[] = [];
  const walk = (value: unknown, node: string): void => {
    if (!isRecord(value)) {
      throw new Error(
        `parameter file ${path}: ${node || 'the file'} holds no ros__parameters; see config/attendseg.yaml`,
      );
    }
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'ros__parameters') result.push({ node, parameters: isRecord(inner) ? inner : {} });
      else walk(inner, `${node}/${key.replace(/^\/+|\/+$/g, '')}`);
    }
  };
  walk(content, '');
  return result;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matches(pattern: string, fullName: string): boolean {
  const match = (parts: readonly string[], name: readonly string[]): boolean => {
    const [part, ...rest] = parts;
    if (part === undefined) return name.length === 0;
    if (part === '**') return name.some((_, i) => match(rest, name.slice(i))) || match(rest, []);
    return name.length > 0 && (part === '*' || part === name[0]) && match(rest, name.slice(1));
  };
  const split = (name: string): string[] => name.split('/').filter(Boolean);
  return match(split(pattern), split(fullName));
}

/** Nested maps to dotted names, as rcl reads them. */
function flatten(parameters: Record<string, unknown>, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) =>
      isRecord(value) ? Object.entries(flatten(value, `${prefix}${name}.`)) : [[`${prefix}${name}`, value]],
    ),
  );
}
