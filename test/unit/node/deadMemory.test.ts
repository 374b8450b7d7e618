import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freeDeadMemory } from '#node/deadMemory.js';

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

test('segments of dead processes go, and nothing else does', async () => {
  const dead = ['fastrtps_0123456789abcdef', 'fastdds_0123456789abcdef'];
  const [alive, young] = ['fastrtps_00000000000000aa', 'fastrtps_00000000000000bb'];
  const others = ['fastrtps_port7411', 'fastrtps_port7411_el', 'fastrtps_00000000000000cc', 'other_el'];
  write(...dead.flatMap((name) => [name, `${name}_el`]), alive, `${alive}_el`, young, ...others);
  writeFileSync(join(folder, `${young}_el`), '');
  const holder = spawn('flock', [
    '--no-fork',
    join(folder, `${alive}_el`),
    'sh',
    '-c',
    'echo locked; exec sleep 60',
  ]);
  try {
    await once(holder.stdout, 'data');
    expect(freeDeadMemory(folder).sort()).toEqual(dead.sort());
    const left = [alive, `${alive}_el`, young, `${young}_el`, ...others];
    expect(readdirSync(folder).sort()).toEqual(left.sort());
  } finally {
    holder.kill('SIGKILL');
  }
});

test('a system without shared memory has none to free', () => {
  expect(freeDeadMemory(join(folder, 'none'))).toEqual([]);
});
