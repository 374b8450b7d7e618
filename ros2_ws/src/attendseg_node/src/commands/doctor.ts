import type { Command } from 'commander';
import { errorText } from '../errorText.js';
import { shippedModel } from '../inference/shippedModel.js';
import { addExample } from './commandLine.js';
import { checkBoard } from './doctor/board.js';
import { checkCuda } from './doctor/cuda.js';
import { checkEngines } from './doctor/engine.js';
import { type Finding, inGroup } from './doctor/finding.js';
import { checkGpu } from './doctor/gpu.js';
import { Machine } from './doctor/machine.js';
import { checkMemory } from './doctor/memory.js';
import { checkModel } from './doctor/model.js';
import { checkPower } from './doctor/power.js';
import { count, told } from './doctor/print.js';
import { type Program, thisProgram } from './doctor/program.js';
import { checkRos } from './doctor/ros.js';
import { checkRuntime } from './doctor/runtime.js';
import { checkTransport } from './doctor/transport.js';
import { sizeOption, text, type Size } from './optionValues.js';

interface DoctorOptions {
  readonly model: string;
  readonly image: Size;
  readonly json?: true;
}

export const DOCTOR_COMMAND = 'doctor';

const LOOKS = `
It looks at, without root and without starting ROS:
  board       model, L4T and JetPack, host or container, an image for another JetPack
  GPU         clock, power mode, throttling, temperature, devices that this user may open
  software    CUDA, TensorRT, Node.js, ONNX Runtime and its providers, what int8 is fast with
  memory      free memory and swap
  ROS 2       distribution, rclnodejs, packages, middleware, domain, discovery
  transport   Fast DDS profile, kernel buffers and owners of shared memory, for images of --image
  model       manifest, hashes of its files, the folder of engines
Exit code: 1 if it finds an error, else 0.`;

/** `attendseg doctor`: what is wrong with this machine for the node, and what to do about it. */
export function addDoctorCommand(program: Command, done: (code: number) => void): void {
  const command = program
    .command(DOCTOR_COMMAND)
    .description(
      'checks machine, ROS, transport, providers and model, and says what to do about what is wrong',
    )
    .option('--model <path>', 'the model to check: its folder, or its manifest', text, shippedModel())
    .addOption(sizeOption('--image <width>x<height>', 'the camera’s pictures', '1920x1080'))
    .option('--json', 'prints the findings as JSON')
    .addHelpText('after', LOOKS)
    .action(async ({ model, image, json }: DoctorOptions) => {
      const machine = new Machine();
      try {
        const findings = await examine(machine, thisProgram(machine), model, image);
        const [errors, warnings] = [count(findings, 'error'), count(findings, 'warning')];
        console.log(
          json === true
            ? JSON.stringify({ errors, warnings, findings }, null, 2)
            : told(findings, { colour: inColour(), width: Math.min(process.stdout.columns || 100, 100) }),
        );
        done(errors === 0 ? 0 : 1);
      } finally {
        machine.close();
      }
    });
  addExample(command, 'attendseg doctor --image 1280x720');
}

function inColour(): boolean {
  return process.stdout.isTTY && !process.env['NO_COLOR'];
}

/** All checks, in the order in which they are told; one that fails itself does not keep the others from being told. */
export async function examine(
  machine: Machine,
  program: Program,
  model: string,
  image: Size,
): Promise<Finding[]> {
  const { board, findings } = await checkBoard(machine);
  const checks: [name: string, check: () => Finding[] | Promise<Finding[]>][] = [
    ['GPU', () => checkGpu(machine, board)],
    ['Power and heat', () => checkPower(machine, board)],
    ['Memory', () => checkMemory(machine, board)],
    ['CUDA and TensorRT', () => checkCuda(machine, board)],
    ['Node.js and ONNX Runtime', () => checkRuntime(machine, program, board)],
    ['Model', () => checkModel(model)],
    ['Engines', () => checkEngines(machine, board)],
    ['ROS 2', () => checkRos(machine, program)],
    ['Transport', () => checkTransport(machine, program, image)],
  ];
  const all = [...findings];
  for (const [name, check] of checks) {
    try {
      all.push(...(await check()));
    } catch (thrown) {
      all.push(
        inGroup(name).error('doctor', `this check failed: ${errorText(thrown)}`, 'report it as an issue'),
      );
    }
  }
  return all;
}
