import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { writing } from '../cannotWrite.js';
import { inspectModel } from '../inference/inspectModel.js';
import { addExample } from './commandLine.js';
import { check, type CheckOptions } from './model/check.js';
import { notEmpty, pictureSize, text, type Size } from './optionValues.js';
import { writeNew } from './writeNew.js';

interface InspectOptions {
  readonly output?: string;
  readonly size: Size;
}

const CHECK = 'attendseg model check my_floor.onnx';
const INSPECT = 'attendseg model inspect my_floor.onnx -o models/my_floor';

/** `attendseg model`: what an ONNX file is with a draft of its manifest, and whether it runs in int8. */
export function addModelCommand(program: Command, done: (code: number) => void): void {
  const model = program.command('model').description('models of your own');
  addExample(model, INSPECT);
  addExample(model.command('inspect'), INSPECT)
    .description('shows what an ONNX file takes and answers, and drafts its manifest')
    .argument('<file>', 'the ONNX file', notEmpty)
    .option('-o, --output <path>', 'writes the draft there: a new file, or manifest.yaml in a folder', text)
    .option('--size <width>x<height>', 'of its pictures, where the file leaves it free', pictureSize, {
      width: 512,
      height: 512,
    })
    .action(async (file: string, options: InspectOptions) => {
      await inspect(file, options);
      done(0);
    });
  addExample(model.command('check'), CHECK)
    .description(
      'says which convolutions of an ONNX file run in int8, and why others do not; exit code 1 if any does not',
    )
    .argument('<file>', 'the ONNX file', notEmpty)
    .addOption(
      new Option('--provider <name>', 'what it must suit; what it is made for, if left out').choices([
        'cpu',
        'tensorrt',
      ]),
    )
    .option('--size <width>x<height>', 'of its pictures, where the file leaves it free', pictureSize, {
      width: 512,
      height: 512,
    })
    .option('--all', 'list those in int8 too')
    .action(async (file: string, options: CheckOptions) => {
      done((await check(file, options)) ? 0 : 1);
    });
}

async function inspect(file: string, { output, size }: InspectOptions): Promise<void> {
  const isFolder =
    output !== undefined && statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  const target = isFolder ? join(output, 'manifest.yaml') : output;
  const { facts, draft } = await inspectModel(file, dirname(resolve(target ?? file)), size);
  console.log(facts.join('\n'));
  if (target === undefined) {
    console.log(`\n${draft.trimEnd()}`);
    return;
  }
  // New: what somebody has completed is not drafted over.
  await writing(target, () => writeNew(target, draft));
  console.log(`manifest  ${target}, a draft: see its first lines`);
}
