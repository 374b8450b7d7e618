import type { Command } from 'commander';
import { requireRos } from './requireRos.js';

/** `attendseg node`: the segmentation node; what ros2 launch starts. */
export function addNodeCommand(program: Command, ros: readonly string[], done: (code: number) => void): void {
  program
    .command('node', { isDefault: true })
    .description('run the segmentation node (the default); parameters follow --ros-args')
    .action(async () => {
      // Loaded here: the other commands work where there is no ROS.
      requireRos();
      const { runNode } = await import('../node/runNode.js');
      done(await runNode(ros));
    });
}
