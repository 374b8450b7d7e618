import type { Command } from 'commander';
import { cannotStart } from '../cannotStart.js';
import { addExample } from './commandLine.js';
import { requireRos } from './requireRos.js';

export const NODE_COMMAND = 'node';

const EXAMPLE = 'attendseg node --ros-args -r image:=/camera/image_raw -p provider:=cpu';

/** `attendseg node`: the segmentation node, until `ended`; what ros2 launch starts. */
export function addNodeCommand(
  program: Command,
  ros: readonly string[],
  ended: AbortSignal,
  done: (code: number) => void,
): void {
  addExample(program.command(NODE_COMMAND), EXAMPLE)
    .description('run the segmentation node (the default); parameters follow --ros-args')
    .action(async () => {
      // Loaded here: the other commands work where there is no ROS.
      requireRos();
      if (ended.aborted) return;
      const { runNode } = await import('../node/runNode.js').catch(cannotStart);
      done(await runNode(ros, ended));
    });
}
