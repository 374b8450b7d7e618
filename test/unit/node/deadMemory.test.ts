import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freeDeadMemory, freeOwnMemory } from '#node/deadMemory.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attendseg-shm-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Files of a minute ago. */
function write(...names: string[]): void {
  const then = Date.now() / 1000 - 60;
  for (const name of names) {
    writeFileSync(join(folder, name), '');
    utimesSync(join(folder, name), then, then);
  }
}

/** Another process that has locked a file. */
async function locked(name: string): Promise<ChildProcess> {
  const command = ['--no-fork', join(folder, name), 'sh', '-c', 'echo locked; exec sleep 60'];
  const holder = spawn('flock', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return holder;
}

test('segments of dead processes go, and nothing else does', async () => {
  const dead = ['fastrtps_0123456789abcdef', 'fastdds_0123456789abcdef'];
  const [alive, young] = ['fastrtps_00000000000000aa', 'fastrtps_00000000000000bb'];
  const others = ['fastrtps_port7411', 'fastrtps_port7411_el', 'fastrtps_00000000000000cc', 'other_el'];
  write(...dead.flatMap((name) => [name, `${name}_el`]), alive, `${alive}_el`, young, ...others);
  writeFileSync(join(folder, `${young}_el`), '');
  const holder = await locked(`${alive}_el`);
  try {
    expect(freeDeadMemory(folder).sort()).toEqual(dead.sort());
    const left = [alive, `${alive}_el`, young, `${young}_el`, ...others];
    expect(readdirSync(folder).sort()).toEqual(left.sort());
  } finally {
    holder.kill('SIGKILL');
  }
});

test('a process that ends by itself frees its own segments, and not one that it only looks at', async () => {
  const [own, others] = ['fastrtps_0123456789abcdef', 'fastrtps_00000000000000aa'];
  write(own, `${own}_el`, others, `${others}_el`, 'fastrtps_port7411_el');
  const holder = await locked(`${others}_el`);
  const open = [own, others].map((name) => openSync(join(folder, `${name}_el`), 'r'));
  open.push(openSync(join(folder, 'fastrtps_port7411_el'), 'r'));
  try {
    expect(freeOwnMemory(folder)).toEqual([own]);
    expect(readdirSync(folder).sort()).toEqual([others, `${others}_el`, 'fastrtps_port7411_el'].sort());
  } finally {
    open.forEach(closeSync);
    holder.kill('SIGKILL');
  }
});

test('a system without shared memory has none to free', () => {
  expect(freeDeadMemory(join(folder, 'none'))).toEqual([]);
});
