import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

/** 48 MiB that a thread has freed stay at the end of its part of the memory, until they are to be returned. */
const FREED = `
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  import { readFileSync } from 'node:fs';
  import { returningMemory, shareMemory } from '#node/cMemory.js';

  const worker = new Worker(\`
    import { parentPort } from 'node:worker_threads';
    import koffi from 'koffi';
    const libc = koffi.load(null);
    const malloc = libc.func('void *malloc(size_t size)');
    const memset = libc.func('void *memset(void *block, int value, size_t size)');
    const free = libc.func('void free(void *block)');
    parentPort.on('message', ({ count, bytes }) => {
      const blocks = Array.from({ length: count }, () => malloc(bytes));
      for (const block of blocks) memset(block, 1, bytes);
      for (const block of blocks) free(block);
      parentPort.postMessage('freed');
    });
    parentPort.postMessage('ready');
  \`, { eval: true });
  const anonymous = () => Number(/Anonymous: +(\\d+)/.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))[1]);
  const allocate = async (count, bytes) => {
    worker.postMessage({ count, bytes });
    await once(worker, 'message');
  };
  // Its part of the memory is its own: it comes before threads share any.
  await once(worker, 'message');
  shareMemory();
  const before = anonymous();
  await allocate(48, 2 ** 20);
  const kept = anonymous() - before;
  await returningMemory(() => allocate(1, 2 ** 20));
  const returned = anonymous() - before;
  setTimeout(async () => {
    await allocate(48, 2 ** 20);
    console.log(JSON.stringify([kept, returned, anonymous() - before].map((kib) => Math.round(kib / 1024))));
    process.exit();
  }, 1000);
`;

test('what threads have freed is kept for the next picture, and returned when it is asked for', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', FREED], { encoding: 'utf8' });
  const [kept, returned, keptAgain] = JSON.parse(output) as [number, number, number];
  // MiB; V8's own heap is in them.
  expect(kept).toBeGreaterThan(40);
  expect(returned).toBeLessThan(kept - 40);
  expect(keptAgain).toBeGreaterThan(40);
});
