// Loaded by every thread of a node under faults. A file in $ATTENDSEG_FAULTS of a thread's name, pixels or session, is an
// order: "throw N", which the thread and those after it throw; "reject N", so many runs fail; "abort", natively in a run.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread, threadId, workerData } from 'node:worker_threads';

/** Milliseconds between two looks. */
const PERIOD = 5;

const require = createRequire(new URL('../../dist/main.js', import.meta.url));
const folder = process.env.ATTENDSEG_FAULTS;

if (isMainThread) {
  // Node itself, which has not begun to run the program until then, ends by a signal.
  process.on('newListener', (name) => {
    if (name === 'SIGTERM') writeFileSync(`${folder}/catches`, '');
  });
} else {
  const isSession = workerData?.classes === undefined;
  watch(`${folder}/${isSession ? 'session' : 'pixels'}`, isSession ? faultyRuns() : {});
}

function watch(file, faults) {
  // The other thread of a lost network goes on for a while, and is not meant.
  order(`${file}.newest`, String(threadId));
  setInterval(() => {
    const [fault, count] = wordsIn(file);
    if (fault === undefined || wordsIn(`${file}.newest`)[0] !== String(threadId)) return;
    const more = Number(count) - 1;
    if (fault === 'throw' && more > 0) order(file, `throw ${more}`);
    else rmSync(file);
    if (fault === 'throw') throw new Error('injected: no memory left');
    faults[fault](Number(count));
  }, PERIOD).unref();
}

function wordsIn(file) {
  try {
    return readFileSync(file, 'utf8').split(' ');
  } catch {
    return [];
  }
}

/** Whole or not at all. */
function order(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** Takes the place of onnxruntime's run(). */
function faultyRuns() {
  const { prototype } = require('onnxruntime-node').InferenceSession;
  const { run } = prototype;
  let rejections = 0;
  let aborts = false;
  prototype.run = async function (...inputs) {
    // process.abort() is not for workers.
    if (aborts) require('koffi').load(null).func('void abort()')();
    if (rejections > 0) {
      rejections--;
      throw new Error('injected: the run failed');
    }
    return run.apply(this, inputs);
  };
  return {
    reject: (count) => {
      rejections += count;
    },
    abort: () => {
      aborts = true;
    },
  };
}
