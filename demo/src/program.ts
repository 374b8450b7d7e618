import { errorText } from '#errorText';
import { addExample, createProgram, runProgram } from '#commands/commandLine.js';
import { addCameraCommand } from './camera.js';
import { addDemoCommand } from './demo.js';
import { addSampleBagCommand } from './sampleBag.js';

/**
 * Runs the program; what follows `--ros-args` is ROS's and is handed on untouched.
 * @param ended aborted by a signal, with the exit code that shells give to it as its reason
 * @returns the exit code
 */
export async function runDemo(args: readonly string[], ended: AbortSignal): Promise<number> {
  const split = args.indexOf('--ros-args');
  const own = split < 0 ? args : args.slice(0, split);
  const ros = split < 0 ? [] : args.slice(split);
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  const program = createProgram('demo').description(
    'Shows the segmentation node at work: `npm run demo`, and a camera to try it with.',
  );
  addDemoCommand(program, ended, done);
  addCameraCommand(program, ros, ended, done);
  addSampleBagCommand(program, ended, done);
  addExample(program, 'npm run demo -- --images photos');
  try {
    return (await runProgram(program, own, 'demo')) ?? exitCode;
  } catch (error) {
    if (!ended.aborted) console.error(`demo: ${errorText(error)}`);
    return 1;
  }
}
