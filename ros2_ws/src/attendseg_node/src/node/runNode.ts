import { once } from 'node:events';
import rclnodejs from 'rclnodejs';
import { Scope } from '../inference/scope.js';
import { SegmentationNode } from './segmentationNode.js';

/**
 * Runs the segmentation node until `ended`, which a signal aborts: at any moment, also while the node starts.
 * @returns the exit code: 0, or 1 with one line on stderr if the node cannot start or go on; launch starts it again
 */
export async function runNode(argv: readonly string[], ended: AbortSignal): Promise<number> {
  // Importing it installed one, which would end the context at any moment.
  rclnodejs.removeSignalHandlers();
  const scope = new Scope();
  const stopped = (): boolean => ended.aborted;
  try {
    await rclnodejs.init(undefined, [...argv]);
    // process.exit() while rclnodejs spins aborts: end its context and let the event loop run dry.
    scope.own(rclnodejs, () => {
      rclnodejs.shutdown();
    });
    if (stopped()) return 0;
    const node = await SegmentationNode.start(argv, scope);
    if (stopped()) return 0;
    node.spin();
    const failure = await Promise.race([aborted(ended), node.failed]);
    await node.stop();
    if (failure !== undefined) throw failure;
    return 0;
  } catch (error) {
    if (stopped()) return 0;
    console.error(`attendseg: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await scope.close();
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
}
