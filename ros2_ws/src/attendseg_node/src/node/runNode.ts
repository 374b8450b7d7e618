import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { errorText } from '../errorText.js';
import { Scope } from '../inference/scope.js';
import { shareMemory } from './cMemory.js';
import { exitWithin } from './exitNow.js';
import { startRos } from './ros.js';
import { SegmentationNode } from './segmentationNode.js';

/** Milliseconds that all may take from the first signal to the exit, whatever is going on. */
const ENDING = 1400;
/** That a frame in flight gets of them. */
const LAST_FRAME = 800;
/** That the session then gets to close. */
const CLOSING = 300;

/**
 * Percent by which V8's heap may grow between two full collections. Pictures on their way to the pixel thread and back
 * count as growth: after some seconds V8 expects so little of it that it compacts three times a second, for nothing.
 */
const HEAP_GROWTH = 300;

/**
 * Runs the segmentation node until `ended`, which a signal aborts: at any moment, also while the node starts.
 * @returns the exit code: 0, or 1 with one line on stderr if the node cannot start or go on; launch starts it again
 */
export async function runNode(argv: readonly string[], ended: AbortSignal): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  shareMemory();
  const scope = new Scope(ended);
  ended.addEventListener('abort', () => {
    exitWithin(ENDING, 0);
  });
  let code = 0;
  try {
    await startRos(argv, scope);
    if (isAborted(ended)) return 0;
    const node = await SegmentationNode.start(argv, scope, ended);
    if (isAborted(ended)) return 0;
    const failure = await Promise.race([aborted(ended), node.failed]);
    await node.stop(LAST_FRAME);
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (!isAborted(ended)) {
      console.error(`attendseg: ${errorText(error)}`);
      code = 1;
    }
  } finally {
    await scope.close(CLOSING);
  }
  // A lost run keeps its thread, and that the process.
  exitWithin(CLOSING, code);
  return code;
}

/** Asked anew each time: TypeScript takes it for settled after the first look. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
}
