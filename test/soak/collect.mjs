// Loaded by every thread of a node under soak. SIGUSR2 collects the garbage of all threads and gives the system back what
// is free: what is resident then is kept for a reason, or has leaked. What it is, collected.json tells, with the heaps and
// what malloc has given out (KiB), which no holes between its pieces blur.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/** Milliseconds until the memory of what was collected is free: that is done in the background, and by tasks. */
const SWEPT = 20;
/** Milliseconds in which the other threads have collected theirs: a frame that is under way comes first. */
const OTHERS = 80;
/** Milliseconds in which the last of it is freed: buffers are swept beside the program. */
const RETURNED = 200;

// In the main thread alone: koffi keeps 23 KB of each thread that loads it when that is long gone.
const { default: koffi } = isMainThread ? await import('koffi') : {};
const { returningMemory } = isMainThread ? await import('../../dist/node/cMemory.js') : {};
/** Of all arenas: mallinfo(3). Other C libraries have none. */
const mallinfo = isMainThread ? glibcMallinfo() : undefined;

/** Within the process: no port is opened. */
const inspector = new Session();
inspector.connect();
const orders = new BroadcastChannel('soak');

/** As where the system is short of memory: V8 gives back the pages, too, that it would keep for the next garbage. */
function collect(then) {
  inspector.post('HeapProfiler.collectGarbage', () => {
    setTimeout(() => {
      const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
      then({ thread: threadId, heapUsed, heapTotal, external, arrayBuffers });
    }, SWEPT);
  });
}

function glibcMallinfo() {
  const names = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'.split(' ');
  try {
    const info = koffi.struct(Object.fromEntries(names.map((name) => [name, 'size_t'])));
    return koffi.load(null).func('mallinfo2', info, []);
  } catch {
    return undefined;
  }
}

/** KiB in use, and KiB free between what is. */
function malloc() {
  if (mallinfo === undefined) return {};
  const { uordblks, fordblks, hblkhd } = mallinfo();
  return { malloc: Math.round((uordblks + hblkhd) / 1024), free: Math.round(fordblks / 1024) };
}

function tell(heaps) {
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8');
  const [rss, anonymous] = ['Rss', 'Anonymous'].map((name) => Number(text.match(`${name}: +(\\d+)`)[1]));
  writeFileSync('collected.json.new', JSON.stringify({ rss, anonymous, ...malloc(), heaps }));
  renameSync('collected.json.new', 'collected.json');
}

if (isMainThread) {
  let heaps = [];
  orders.onmessage = ({ data }) => {
    heaps.push(data);
  };
  process.on('SIGUSR2', async () => {
    heaps = [];
    // What is collected is freed by its own thread, which gives it back then or not at all.
    await returningMemory(async () => {
      orders.postMessage('collect');
      await sleep(OTHERS - SWEPT);
      heaps.push(await new Promise(collect));
      await sleep(RETURNED);
    });
    tell(heaps);
  });
} else {
  orders.onmessage = ({ data }) => {
    if (data !== 'collect') return;
    collect((own) => {
      orders.postMessage(own);
    });
  };
}
orders.unref();
