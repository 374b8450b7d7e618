import { allowEarlyReaders, createProgram, runProgram } from './commands/commandLine.js';
import { addDoctorCommand, DOCTOR_COMMAND } from './commands/doctor.js';
import { errorText } from './errorText.js';

/**
 * Runs `attendseg doctor` without loading the other commands: they need onnxruntime-node, and where that cannot be
 * loaded the doctor is to say why.
 * @param args the command line without node and script
 * @returns the exit code
 */
export async function runDoctor(args: readonly string[]): Promise<number> {
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
  allowEarlyReaders();
  let exitCode = 0;
  const program = createProgram('attendseg');
  addDoctorCommand(program, (code) => {
    exitCode = code;
  });
  try {
    return (await runProgram(program, args, DOCTOR_COMMAND)) ?? exitCode;
  } catch (error) {
    console.error(`attendseg: ${errorText(error)}`);
    return 1;
  }
}
