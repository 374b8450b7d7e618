import rclnodejs from 'rclnodejs';
import { SegmentationNode } from './segmentationNode.js';

/**
 * Runs the segmentation node until SIGINT or SIGTERM.
 * @returns the exit code: 0, or 1 with one line on stderr if the node cannot start or go on; launch starts it again
 */
export async function runNode(argv: readonly string[]): Promise<number> {
  const ended = new Promise<undefined>((resolve) => {
    // Handlers are called with the signal's name, which must not pass for a failure.
    const end = (): void => {
      resolve(undefined);
    };
    // They often come twice: launch sends one, and the terminal another to the whole group.
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
  await rclnodejs.init(undefined, [...argv]);
  rclnodejs.removeSignalHandlers();
  let code = 0;
  try {
    const node = await SegmentationNode.start(argv);
    node.spin();
    const failure = await Promise.race([ended, node.failed]);
    await node.stop();
    if (failure !== undefined) throw failure;
  } catch (error) {
    console.error(`attendseg: ${error instanceof Error ? error.message : String(error)}`);
    code = 1;
  }
  // process.exit() while rclnodejs spins aborts: end its context and let the event loop run dry.
  rclnodejs.shutdown();
  return code;
}
