import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';

/** What Fast DDS has, in a process that does not end by itself. */
const STUCK = `
  import { openSync, writeFileSync } from 'node:fs';
  import { exitWithin } from '#node/exitNow.js';
  const segment = process.argv[1];
  writeFileSync(segment, '');
  openSync(segment + '_el', 'w');
  setInterval(() => {}, 1000);
  exitWithin(50, 3);
`;

test('a process that has to be broken off ends with its code, and leaves no shared memory', async () => {
  const segment = `/dev/shm/fastrtps_${randomBytes(8).toString('hex')}`;
  try {
    const child = spawn(process.execPath, ['--input-type=module', '-e', STUCK, segment], {
      stdio: 'inherit',
    });
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect([segment, `${segment}_el`].filter(existsSync)).toEqual([]);
  } finally {
    for (const file of [segment, `${segment}_el`]) rmSync(file, { force: true });
  }
});
