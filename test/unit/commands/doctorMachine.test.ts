import { afterAll, afterEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { Machine, toldCode } from '#commands/doctor/machine.js';
import { forget, record, write } from './recordedMachines.js';

const root = record({ '/etc/group': 'root:x:0:\n', '/etc/long': 'x'.repeat(100_000) });
const machine = new Machine({ root, env: {} });
execFileSync('mkfifo', [`${root}/etc/pipe`]);

afterEach(() => {
  machine.close();
});
afterAll(forget);

test('the start of a file, as text', async () => {
  expect(await machine.readText('/etc/group')).toEqual({ value: 'root:x:0:\n' });
  expect((await machine.readText('/etc/long', { bytes: 70_000 })).value).toHaveLength(70_000);
});

test('files of /proc, which say that they are empty', async () => {
  const here = new Machine();
  expect((await here.readText('/proc/self/status')).value).toMatch(/^Name:/);
  here.close();
});

test('why a file cannot be read', async () => {
  mkdirSync(`${root}/etc/folder`);
  expect(await machine.readText('/etc/none')).toEqual({ code: 'ENOENT' });
  expect(await machine.readText('/etc/folder')).toEqual({ code: 'EISDIR' });
  expect(await machine.list('/etc/none')).toEqual({ code: 'ENOENT' });
  expect(await machine.list('/etc/group')).toEqual({ code: 'ENOTDIR' });
  expect(await machine.stat('/etc/none')).toEqual({ code: 'ENOENT' });
  expect(await machine.access('/etc/none')).toEqual({ code: 'ENOENT' });
  expect(await machine.freeSpace('/etc/none')).toEqual({ code: 'ENOENT' });
  expect(['ENOENT', 'EIO'].map(toldCode)).toEqual(['is not there', 'cannot be read (EIO)']);
});

(process.getuid?.() === 0 ? test.skip : test)('a file of somebody else', async () => {
  write(root, '/etc/shadow', 'secret');
  chmodSync(`${root}/etc/shadow`, 0);
  expect(await machine.readText('/etc/shadow')).toEqual({ code: 'EACCES' });
  expect(await machine.access('/etc/shadow')).toEqual({ code: 'EACCES' });
});

test('a file that hangs does so alone', async () => {
  const looks = await Promise.all([
    machine.readText('/etc/pipe', { timeoutMs: 100 }),
    machine.readText('/etc/group'),
    machine.readText('/etc/pipe', { timeoutMs: 100 }),
    machine.list('/etc'),
  ]);
  expect(looks.map(({ value, code }) => code ?? typeof value)).toEqual([
    'TIMEOUT',
    'string',
    'TIMEOUT',
    'object',
  ]);
});

test('whose a file is', async () => {
  chmodSync(`${root}/etc/long`, 0o640);
  const { value } = await machine.stat('/etc/long');
  expect(value).toMatchObject({ mode: 0o640, uid: process.getuid!(), isFolder: false });
});

test('programs: what they say counts, however they end', async () => {
  write(root, '/bin/says', '#!/bin/sh\necho "$1"; echo no >&2; exit 3\n');
  write(root, '/bin/hangs', '#!/bin/sh\nsleep 5 & wait\n');
  expect(await machine.run('/bin/says', ['$(id); x'])).toEqual({
    value: { stdout: '$(id); x\n', stderr: 'no\n', exitCode: 3 },
  });
  expect(await machine.run('/bin/hangs', [], 100)).toEqual({ code: 'TIMEOUT' });
  expect(await machine.run('/bin/none', [])).toEqual({ code: 'ENOENT' });
});

test('variables that are empty are not set', () => {
  const { variable } = { variable: (name: string) => new Machine({ env: { A: '', B: 'b' } }).variable(name) };
  expect(['A', 'B', 'C'].map(variable)).toEqual([undefined, 'b', undefined]);
});
