import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freeDeadMutexes } from '#node/deadMutexes.js';
import { avoidingDeadPorts } from '#node/deadPorts.js';

let folder = '';
let processes = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attendseg-shm-'));
  processes = mkdtempSync(join(tmpdir(), 'attendseg-proc-'));
});

afterEach(() => {
  for (const each of [folder, processes]) rmSync(each, { recursive: true });
});

const mutex = (port: number): string => `sem.fastrtps_port${port}_mutex`;

/** A semaphore as glibc writes it: value, how many wait, and that processes share it. */
function write(name: string, value: number, waiting = 0): void {
  const bytes = Buffer.alloc(32);
  [value, waiting, 128].forEach((each, index) => bytes.writeUInt32LE(each, 4 * index));
  writeFileSync(join(folder, name), bytes);
}

/** A process that has files of the folder mapped. */
function writeProcess(id: number, ...files: string[]): void {
  const lines = files.map((name) => {
    const { ino } = statSync(join(folder, name));
    return `7f9afd872000-7f9afd873000 rw-s 00000000 00:1b ${ino}                     /dev/shm/${name}\n`;
  });
  mkdirSync(join(processes, String(id)));
  writeFileSync(join(processes, String(id), 'maps'), lines.join(''));
}

test('mutexes of dead processes go, and nothing else does', () => {
  const [dead, other, free, held] = [mutex(7411), 'sem.fastdds_port7413_mutex', mutex(7415), mutex(7417)];
  const strange = ['sem.mp-0123', 'fastrtps_port7411', 'sem.fastrtps_port_mutex'];
  [dead, other, held, ...strange].forEach((name) => {
    write(name, 0);
  });
  write(free, 1);
  writeProcess(12, held);
  writeProcess(13, free);
  mkdirSync(join(processes, 'sys'));
  mkdirSync(join(processes, '14'));
  expect(freeDeadMutexes(folder, processes).sort()).toEqual([dead, other].sort());
  expect(readdirSync(folder).sort()).toEqual([free, held, ...strange].sort());
});

test('who waits for one does not have it', () => {
  const [dead, held] = [mutex(7411), mutex(7413)];
  write(dead, 0, 2);
  write(held, 0, 1);
  writeProcess(12, dead, held);
  writeProcess(13, dead, held);
  expect(freeDeadMutexes(folder, processes)).toEqual([dead]);
});

test.each([mutex(7411), 'fastrtps_port7411_el'])(
  'a pipe that somebody left as %s is not waited for',
  (name) => {
    expect(spawnSync('mkfifo', [join(folder, name)]).status).toBe(0);
    expect(freeDeadMutexes(folder, processes)).toEqual([]);
    expect(avoidingDeadPorts(() => 1, folder)).toBe(1);
  },
);

test('files that are no semaphores, and a system without shared memory or /proc', () => {
  writeFileSync(join(folder, mutex(7411)), 'short');
  mkdirSync(join(folder, mutex(7413)));
  expect(freeDeadMutexes(folder, processes)).toEqual([]);
  expect(freeDeadMutexes(join(folder, 'none'), processes)).toEqual([]);
  write(mutex(7415), 0);
  expect(freeDeadMutexes(folder, join(processes, 'none'))).toEqual([]);
});
