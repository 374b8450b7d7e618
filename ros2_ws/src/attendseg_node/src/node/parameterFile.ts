import { readFileSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type ParsedNode } from 'yaml';
import { checkYamlDepth } from '../yamlDepth.js';
import { kindOf, plainValue, type RclValue } from './rclValue.js';

/** What a file sets for one key; a key that sets nothing is there too, since rcl counts it. */
export interface FileEntry {
  /** Such as `/robot/front/attendseg`, or `/**`. */
  readonly node: string;
  readonly parameters: readonly (readonly [name: string, value: RclValue])[];
}

const NO_VALUE = "has no value; write '' for an empty one";

// As scalars come: typing them is rcl's, and so is that the last of two equal keys counts.
const OPTIONS = {
  schema: 'failsafe',
  uniqueKeys: false,
  merge: false,
  resolveKnownTags: false,
  logLevel: 'silent',
} as const;

/**
 * Reads a parameter file as rcl does.
 * @throws Error that names the file, the line and the cause, where rcl refuses it
 */
export function readParameterFile(path: string): FileEntry[] {
  try {
    return parseParameterFile(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`parameter file ${path}: ${(error as Error).message.split('\n')[0] ?? ''}`, {
      cause: error,
    });
  }
}

function parseParameterFile(text: string): FileEntry[] {
  const lines = new LineCounter();
  const result: FileEntry[] = [];
  const walk = (map: ParsedNode | null, node: string): void => {
    if (!isMap(map))
      throw new Error(`${node || 'the file'} holds no ros__parameters; see config/attendseg.yaml`);
    let seen = false;
    for (const { key, value } of map.items) {
      const line = lines.linePos(key.range[0]).line;
      const name = keyText(key, line);
      if (name === 'ros__parameters') {
        if (node === '')
          throw new Error(`line ${line}: ros__parameters stands under no node name; write /**: above it`);
        checkNodeName(node, line);
        if (!isMap(value)) throw new Error(`line ${line}: ros__parameters of ${node} holds no parameters`);
        const parameters: [string, RclValue][] = [];
        collect(value, '', parameters, lines);
        result.push({ node, parameters });
        seen = true;
      } else if (seen) {
        throw new Error(
          `line ${line}: ${name} stands after ros__parameters of ${node}; put it before, or beside ${node}`,
        );
      } else {
        if (/^\/.*\/|^\//.test(name) && node !== '' && !node.endsWith('/'))
          throw new Error(`line ${line}: ${node}/${name} has two slashes in a row`);
        walk(value, node === '' || node.endsWith('/') ? `${node}${name}` : `${node}/${name}`);
      }
    }
  };
  for (const document of documentsOf(text, lines)) {
    // A file without a key is none too much for rcl.
    if (document !== null && !isScalar(document)) walk(document, '');
  }
  return result;
}

/**
 * Types what stands behind `name:=` on the command line.
 * @throws Error that says why it is no value
 */
export function parseValue(text: string): RclValue {
  const lines = new LineCounter();
  const [node = null, ...more] = documentsOf(text, lines);
  if (more.length > 0) throw new Error('holds more than one value');
  if (isMap(node)) throw new Error('is a map; set its parameters one by one, as -p outer.inner:=value');
  return valueOf(node);
}

function documentsOf(text: string, lines: LineCounter): (ParsedNode | null)[] {
  checkYamlDepth(text);
  const documents = parseAllDocuments(text, { ...OPTIONS, lineCounter: lines });
  if (!Array.isArray(documents)) return [];
  return documents.map(({ errors, contents }) => {
    if (errors[0] !== undefined) throw errors[0];
    return contents;
  });
}

function keyText(key: ParsedNode, line: number): string {
  if (!isScalar(key) || key.value === '') throw new Error(`line ${line}: a key is a name`);
  return String(key.value);
}

/** Nested maps to dotted names. */
function collect(map: ParsedNode, prefix: string, into: [string, RclValue][], lines: LineCounter): void {
  if (!isMap(map)) return;
  for (const { key, value } of map.items) {
    const line = lines.linePos(key.range[0]).line;
    const name = `${prefix}${keyText(key, line)}`;
    if (!isMap(value)) into.push([name, at(`line ${line}: ${name}`, () => valueOf(value))]);
    else if (value.items.length > 0) collect(value, `${name}.`, into, lines);
    else throw new Error(`line ${line}: ${name} is an empty map, which is no value`);
  }
}

function at<T>(place: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new Error(`${place} ${(error as Error).message}`, { cause: error });
  }
}

function valueOf(node: ParsedNode | null): RclValue {
  if (isAlias(node)) throw new Error(`is the alias *${node.source}; ROS 2 takes none, write the value out`);
  if (isSeq(node)) {
    const values = node.items.map((item) => {
      if (!isScalar(item)) throw new Error('is a list of lists or maps; ROS 2 takes lists of plain values');
      return scalarOf(item);
    });
    const kinds = new Set(values.map(kindOf));
    if (kinds.size > 1) throw new Error(`is a list that mixes ${[...kinds].join(' and ')}`);
    return values;
  }
  if (!isScalar(node)) throw new Error(NO_VALUE);
  return scalarOf(node);
}

function scalarOf({
  value,
  type,
  tag,
}: {
  value: unknown;
  type?: string;
  tag?: string;
}): boolean | bigint | number | string {
  const text = typeof value === 'string' ? value : '';
  const isQuoted = type === 'QUOTE_SINGLE' || type === 'QUOTE_DOUBLE';
  if (text === '' && !isQuoted) throw new Error(NO_VALUE);
  return isQuoted || tag === 'tag:yaml.org,2002:str' ? text : plainValue(text);
}

const PART = /^(?:\*\*?|[A-Za-z_][A-Za-z0-9_]*)$/;

function checkNodeName(node: string, line: number): void {
  const parts = node.replace(/^\//, '').split('/');
  const wrong = parts.find((part) => !PART.test(part));
  if (wrong !== undefined) {
    throw new Error(
      `line ${line}: "${node}" is no node name: ${wrong === '' ? 'a part of it is empty' : `"${wrong}" may hold letters, digits and _ only, or be * or **`}`,
    );
  }
}
