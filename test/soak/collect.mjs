// Loaded by every thread of a node under soak. SIGUSR2 collects the garbage of all threads and gives the system back what
// is free: what is resident then is kept for a reason, or has leaked. Where, heaps.jsonl in the working folder tells.
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/** Milliseconds in which the other threads have collected theirs. */
const OTHERS = 300;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const orders = new BroadcastChannel('soak');

function collect() {
  gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const line = { seconds: Math.round(process.uptime()), thread: threadId, heapUsed, external, arrayBuffers };
  appendFileSync('heaps.jsonl', `${JSON.stringify(line)}\n`);
}

if (isMainThread) {
  const { returnMemory } = await import('../../dist/node/returnMemory.js');
  process.on('SIGUSR2', () => {
    orders.postMessage('collect');
    collect();
    setTimeout(returnMemory, OTHERS);
  });
} else {
  orders.onmessage = collect;
}
orders.unref();
