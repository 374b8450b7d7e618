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
  expect(overrides.warnings).toHaveLength(applies ? 0 : 1);
});

test('reads nested namespaces and dotted names', () => {
  const path = file(
    'robot:\n  front:\n    attendseg:\n      ros__parameters:\n        a: { b: 3 }\n        fit: stretch\n',
  );
  const argv = ['--ros-args', '--params-file', path];
  expect(value(argv)).toBe('stretch');
  expect(value(argv, 'a.b')).toBe(3n);
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
  expect(value(argv, 'threads')).toBe(2n);
  expect(value(['--ros-args', '-p', 'other:fit:=stretch'])).toBeUndefined();
  expect(value(['--ros-args', '-p', 'attendseg:fit:=stretch'], 'fit', '/')).toBe('stretch');
  expect(value(['--ros-args', '--', '-p', 'fit:=stretch'])).toBeUndefined();
});

test('-p with a bare node name means the root namespace, and is told elsewhere', () => {
  const { values, warnings } = readOverrides(
    ['--ros-args', '-p', 'attendseg:fit:=stretch'],
    'attendseg',
    '/robot',
  );
  expect(values.size).toBe(0);
  expect(warnings).toEqual([
    '-p attendseg:fit:=stretch: "attendseg" does not match /robot/attendseg; it is not used here',
  ]);
});

test('of two types under one key ROS 2 keeps the integer, and the other is told', () => {
  const path = file('/**:\n  ros__parameters:\n    run_timeout: 10\n');
  const { values, warnings } = readOverrides(
    ['--ros-args', '--params-file', path, '-p', 'run_timeout:=0.5'],
    'attendseg',
    '/',
  );
  expect(values.get('run_timeout')?.value).toBe(10n);
  expect(warnings).toEqual([
    `parameter run_timeout: 0.5 (the command line) is not used: ROS 2 keeps 10 (${path}), an integer; give both the same type`,
  ]);
});

test.each([
  ['none', /none\.yaml: ENOENT/],
  ['fit: stretch\n', /params\.yaml: fit holds no ros__parameters/],
  ['ros__parameters:\n  fit: stretch\n', /line 1: ros__parameters stands under no node name/],
  ['/**:\n  ros__parameters:\n', /line 2: ros__parameters of \/\*\* holds no parameters/],
  ['/**:\n  ros__parameters:\n    fit:\n', /line 3: fit has no value; write ''/],
  ['/**:\n  ros__parameters:\n    fit: {}\n', /line 3: fit is an empty map/],
  ['/**:\n  ros__parameters:\n    fit: *x\n', /params\.yaml: .*x/],
  ['/**:\n  ros__parameters:\n    fit: [1, a]\n', /line 3: fit is a list that mixes integer and string/],
  ['/**:\n  ros__parameters:\n    fit: [[1]]\n', /line 3: fit is a list of lists/],
  ['/at*:\n  ros__parameters:\n    fit: 1\n', /line 2: "\/at\*" is no node name: "at\*" may hold letters/],
  ['/x/:\n  ros__parameters:\n    fit: 1\n', /line 2: "\/x\/" is no node name: a part of it is empty/],
  ['/x:\n  /y:\n    ros__parameters:\n      fit: 1\n', /line 2: \/x\/\/y has two slashes in a row/],
])('names what is wrong in the file %j', (yaml, message) => {
  const path = yaml === 'none' ? join(folder, 'none.yaml') : file(yaml);
  expect(() => value(['--ros-args', '--params-file', path])).toThrow(message);
});

test.each([
  [['-p', 'fit'], /^-p fit: it is \[node:\]name:=value/],
  [['-p', '/attendseg:fit:=x'], /^-p \/attendseg:fit:=x: it is .* bare name without slashes/],
  [['-p', 'fit:='], /^-p fit:=: the value has no value; write ''/],
  [['-p', 'fit:={a: 1}'], /^-p fit:=\{a: 1\}: the value is a map; set its parameters one by one/],
  [['-p'], /^-p is the last argument; what it sets is missing/],
  [['--params-file'], /^--params-file is the last argument/],
  [['--params_file', 'x'], /^--params_file is no ROS argument/],
  [['fit:=x'], /^fit:=x is no ROS argument/],
])('names what is wrong in %j', (words, message) => {
  expect(() => value(['--ros-args', ...words])).toThrow(message);
});
