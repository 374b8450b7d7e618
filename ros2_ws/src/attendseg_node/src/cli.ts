import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { cannotStart } from './cannotStart.js';
import { errorText } from './errorText.js';
import { addExample, allowEarlyReaders, createProgram, runProgram } from './commands/commandLine.js';
import { addNodeCommand, NODE_COMMAND } from './commands/node.js';

/**
 * Runs the `attendseg` program. What follows `--ros-args` is ROS's and is handed on untouched; without a
 * sub-command the program is the node, which is what `ros2 run` and launch start.
 * @param args the command line without node and script
 * @param ended aborted by SIGINT and SIGTERM, which ends node and player; the other commands end as any program
 * @returns the exit code
 */
export async function runCli(args: readonly string[], ended: AbortSignal): Promise<number> {
  const split = args.indexOf('--ros-args');
  const own = split < 0 ? [...args] : args.slice(0, split);
  const ros = split < 0 ? [] : args.slice(split);
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  const program = createProgram('attendseg')
    .description('Semantic segmentation of camera images for ROS 2 with int8 AttendSeg.')
    .version(version())
    .hook('preAction', (_, command) => {
      if (command.name() === NODE_COMMAND || command.name() === 'play') return;
      process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
      if (ended.aborted) throw new CommanderError(130, 'attendseg.interrupted', 'interrupted');
    });
  addNodeCommand(program, ros, ended, done);
  // The others bring libraries along that a node would wait for.
  if (!isNode(own)) {
    allowEarlyReaders();
    const { addOtherCommands } = await import('./commands/others.js').catch(cannotStart);
    addOtherCommands(program, ros, ended, done);
  }
  addExample(program, 'attendseg --ros-args -r image:=/camera/image_raw');
  try {
    return (await runProgram(program, own, NODE_COMMAND)) ?? exitCode;
  } catch (error) {
    console.error(`attendseg: ${errorText(error)}`);
    return 1;
  }
}

/** Whether the arguments start the node: by name, or with its options alone. */
function isNode([first = NODE_COMMAND]: readonly string[]): boolean {
  return first === NODE_COMMAND || /^-(?!h$|V$|-help$|-version$)/.test(first);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
