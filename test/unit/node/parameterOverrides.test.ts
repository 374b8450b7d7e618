import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOverrides } from '#node/parameterOverrides.js';

const folder = mkdtempSync(join(tmpdir(), 'overrides-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(yaml: string): string {
  const path = join(folder, 'params.yaml');
  writeFileSync(path, yaml);
  return path;
}

function value(argv: string[], name = 'fit', namespace = '/robot/front'): unknown {
  return readOverrides(argv, 'attendseg', namespace).values.get(name)?.value;
}

test.each([
  ['/**', '/robot/front', true],
  ['/**/attendseg', '/robot/front', true],
  ['/**/attendseg', '/', true],
  ['/robot/front/attendseg', '/robot/front', true],
  ['robot/front/attendseg', '/robot/front', true],
  ['/robot/*/attendseg', '/robot/front', true],
  ['/robot/**', '/robot/front', true],
  ['/*/*', '/robot', true],
  ['attendseg', '/', true],
  ['/attendseg', '/', true],
  ['attendseg', '/robot/front', false],
  ['/robot/*', '/robot/front', false],
  ['/robot/back/attendseg', '/robot/front', false],
  ['/robot/front/attendseg2', '/robot/front', false],
])('key %s of a node in %s: %s', (key, namespace, applies) => {
  const path = file(`"${key}":\n  ros__parameters:\n    fit: stretch\n`);
  const overrides = readOverrides(['--ros-args', '--params-file', path], 'attendseg', namespace);
  expect(overrides.values.get('fit')?.value).toBe(applies ? 'stretch' : undefined);
  expect(overrides.unmatched).toHaveLength(applies ? 0 : 1);
});

test('reads nested namespaces and dotted names', () => {
  const path = file(
    'robot:\n  front:\n    attendseg:\n      ros__parameters:\n        a: { b: 3 }\n        fit: stretch\n',
  );
  const argv = ['--ros-args', '--params-file', path];
  expect(value(argv)).toBe('stretch');
  expect(value(argv, 'a.b')).toBe(3);
});

test('the command line: typed values, node names, later ones win, only between --ros-args and --', () => {
  const argv = [
    '-p',
    'fit:=no',
    '--ros-args',
    '-p',
    'fit:=letterbox',
    '-p',
    'threads:=2',
    '--param',
    'fit:=stretch',
  ];
  expect(value(argv)).toBe('stretch');
  expect(value(argv, 'threads')).toBe(2);
  expect(value(['--ros-args', '-p', 'other:fit:=stretch'])).toBeUndefined();
  expect(value(['--ros-args', '-p', 'attendseg:fit:=stretch'])).toBe('stretch');
  expect(value(['--ros-args', '--', '-p', 'fit:=stretch'])).toBeUndefined();
});

test('names a file that is no parameter file', () => {
  expect(() => value(['--ros-args', '--params-file', join(folder, 'none.yaml')])).toThrow(
    /none\.yaml: ENOENT/,
  );
  expect(() => value(['--ros-args', '--params-file', file('fit: stretch\n')])).toThrow(/no ros__parameters/);
});
