import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { avoidingDeadPorts } from '#node/deadPorts.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attendseg-shm-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A file that nobody has locked, written so many seconds ago. */
function write(name: string, age = 60): void {
  const then = Date.now() / 1000 - age;
  writeFileSync(join(folder, name), '');
  utimesSync(join(folder, name), then, then);
}

/** Of these files, those that another program can lock. */
function free(names: readonly string[]): string[] {
  return names.filter((name) => spawnSync('flock', ['--nonblock', join(folder, name), 'true']).status === 0);
}

test('ports of dead processes are taken while a participant is made, and free again behind it', () => {
  const ports = ['fastrtps_port7411_el', 'fastdds_port7413_el'];
  const others = ['fastrtps_0123456789abcdef_el', 'fastrtps_port7415', 'sem.fastrtps_port7411_mutex'];
  [...ports, ...others].forEach((name) => {
    write(name);
  });
  expect(avoidingDeadPorts(() => free([...ports, ...others]), folder)).toEqual(others);
  expect(free(ports)).toEqual(ports);
  const failing = (): never => {
    throw new Error('no participant');
  };
  expect(() => avoidingDeadPorts(failing, folder)).toThrow('no participant');
  expect(free(ports)).toEqual(ports);
});

test('of very many, the oldest are used again', () => {
  const ports = Array.from({ length: 18 }, (_, age) => `fastrtps_port${7000 + age}_el`);
  ports.forEach(write);
  expect(avoidingDeadPorts(() => free(ports), folder)).toEqual(ports.slice(16));
});

test('without shared memory there is nothing to avoid', () => {
  expect(avoidingDeadPorts(() => 1, join(folder, 'none'))).toBe(1);
});
