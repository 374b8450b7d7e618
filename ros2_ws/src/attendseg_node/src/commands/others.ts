import type { Command } from 'commander';
import { addBenchCommand } from './bench.js';
import { addCompareCommand } from './compare.js';
import { addDoctorCommand } from './doctor.js';
import { addEngineCommand } from './engine.js';
import { addEvaluateCommand } from './evaluate.js';
import { addModelCommand } from './model.js';
import { addPlayCommand } from './play.js';
import { addSegmentCommand } from './segment.js';

/**
 * All sub-commands but the node.
 * @param ros what follows --ros-args, with it
 * @param done takes the exit code
 */
export function addOtherCommands(
  program: Command,
  ros: readonly string[],
  ended: AbortSignal,
  done: (code: number) => void,
): void {
  addSegmentCommand(program, ros, done);
  addPlayCommand(program, ros, ended, done);
  addEvaluateCommand(program, done);
  addCompareCommand(program, ros, done);
  addModelCommand(program, done);
  addEngineCommand(program, done);
  addDoctorCommand(program, done);
  addBenchCommand(program, done);
}
