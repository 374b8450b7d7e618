import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { writing } from '../cannotWrite.js';
import { inspectModel } from '../inference/inspectModel.js';
import { addExample } from './commandLine.js';
import { check, type CheckOptions } from './model/check.js';
import { notEmpty, sizeOption, text, type Size } from './optionValues.js';
import { writeNew } from './writeNew.js';

interface InspectOptions {
  readonly output?: string;
  readonly size: Size;
}

const CHECK = 'attendseg model check models/my_floor';
const INSPECT = 'attendseg model inspect my_floor.onnx -o models/my_floor';

function size(): Option {
  return sizeOption('--size <width>x<height>', 'of its pictures, where the file leaves it free', '512x512');
}

/** `attendseg model`: what an ONNX file is with a draft of its manifest, and whether it runs in int8. */
export function addModelCommand(program: Command, done: (code: number) => void): void {
  const model = program.command('model').description('models of your own');
  addExample(model, INSPECT);
  addExample(model.command('inspect'), INSPECT)
    .description('shows what an ONNX file takes and answers, and drafts its manifest')
    .argument('<file>', 'the ONNX file', notEmpty)
    .option('-o, --output <path>', 'writes the draft there: a new file, or manifest.yaml in a folder', text)
    .addOption(size())
    .action(async (file: string, options: InspectOptions) => {
      await inspect(file, options);
      done(0);
    });
  addExample(model.command('check'), CHECK)
    .description(
      'says which convolutions of a model run in int8, and why others do not; exit code 1 if any does not',
    )
    .argument(
      '<model>',
      'an ONNX file, or a model: its folder, its manifest, or the name of a shipped one',
      notEmpty,
    )
    .addOption(
      new Option('--provider <name>', 'what it must suit; what it is made for, if left out').choices([
        'cpu',
        'tensorrt',
      ]),
    )
    .addOption(size())
    .option('--all', 'list those in int8 too')
    .action(async (model: string, options: CheckOptions) => {
      done((await check(model, options)) ? 0 : 1);
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
