import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OwnPorts } from '#node/ownPorts.js';

/** Numbers that no middleware has. */
const BASE = 900_000_000 + process.pid * 10;
const [own, peers, unlocked] = [0, 1, 2].map((n) => `/dev/shm/fastrtps_port${BASE + n}`) as [
  string,
  string,
  string,
];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attendseg-ports-'));
  mkdirSync(join(folder, 'fd'));
  for (const path of [own, peers, unlocked]) writeFileSync(path, '');
  symlinkSync(`${own}_el`, join(folder, 'fd', '30'));
  symlinkSync('socket:[123]', join(folder, 'fd', '31'));
  const line = (path: string, inode: number): string =>
    `7f9afd872000-7f9afd87f000 rw-s 00000000 00:1b ${inode}                     ${path}`;
  const lines = [
    '7ffc6a1f2000-7ffc6a213000 rw-p 00000000 00:00 0                          [stack]',
    ...[own, peers].map((path) => line(path, statSync(path).ino)),
    line(`${unlocked} (deleted)`, 1),
  ];
  writeFileSync(join(folder, 'maps'), lines.join('\n'));
});

afterEach(() => {
  for (const path of [own, `${own}.old`, peers, unlocked]) rmSync(path, { force: true });
  rmSync(folder, { recursive: true });
});

test('only what this process reads from is its own', () => {
  expect(OwnPorts.find(folder).paths).toEqual([own]);
});

test.each(['gone', 'replaced'])(
  'a port that is %s is lost at the second look, and another is no matter',
  (how) => {
    const ports = OwnPorts.find(folder);
    rmSync(peers);
    expect([ports.lost(), ports.lost()]).toEqual([undefined, undefined]);
    // It stays in use, as it does while it is mapped: the other file cannot have its inode.
    renameSync(own, `${own}.old`);
    if (how === 'replaced') writeFileSync(own, '');
    expect([ports.lost(), ports.lost()]).toEqual([undefined, own]);
  },
);

test('what comes back in time is not lost', () => {
  const ports = OwnPorts.find(folder);
  renameSync(own, `${own}.old`);
  expect(ports.lost()).toBeUndefined();
  renameSync(`${own}.old`, own);
  expect([ports.lost(), ports.lost()]).toEqual([undefined, undefined]);
});

test('this process has none without ROS, and a system without /proc neither', () => {
  expect(OwnPorts.find().paths).toEqual([]);
  expect(OwnPorts.find(join(folder, 'nowhere')).paths).toEqual([]);
});
