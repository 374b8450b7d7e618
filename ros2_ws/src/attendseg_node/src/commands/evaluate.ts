import { writing } from '../cannotWrite.js';
import { InvalidArgumentError, type Command } from 'commander';
import { ConfusionMatrix } from '../inference/confusionMatrix.js';
import { Segmenter } from '../inference/segmenter.js';
import type { ModelFile } from '../inference/manifest.js';
import { loadModel, withoutBuilding } from '../inference/model.js';
import { shippedModel } from '../inference/shippedModel.js';
import type { Fit } from '../vision/letterbox.js';
import { rgb8Image } from '../vision/rawImage.js';
import { UNLABELLED } from '../vision/unlabelled.js';
import { addExample, needs } from './commandLine.js';
import { confusionPng, confusionSvg } from './confusionPicture.js';
import { text, whole } from './optionValues.js';
import { labelsOf, picturesOf } from './pictureFolder.js';
import { readLabels, type Labels } from './readLabels.js';
import { writeNew } from './writeNew.js';
import { readPicture, type Picture } from './readPicture.js';

interface EvaluateOptions {
  readonly images: string;
  readonly labels: string;
  readonly model: string;
  readonly file: ModelFile;
  readonly fit: Fit;
  readonly threads: number;
  readonly confusion?: string;
  readonly json?: true;
}

/** `attendseg evaluate`: scores a model against labelled pictures. */
export function addEvaluateCommand(program: Command, done: (code: number) => void): void {
  const command = program.command('evaluate');
  addExample(command, 'attendseg evaluate --images camvid/image --labels camvid/label')
    .description('mean IoU, IoU per class and pixel accuracy against label pictures')
    .option('--images <dir>', 'pictures (JPEG, PNG)', text)
    .option(
      '--labels <dir>',
      'PNG of the same name each (or NAME_label, NAME_labelIds): class ids, or the colours of the classes; other ids are left out',
      text,
    )
    .option('--model <path>', 'folder of the model, or its manifest', text, shippedModel())
    .option(
      '--file <which>',
      "which of the model's files: cpu or tensorrt (both run on the CPU here)",
      modelFile,
      'cpu',
    )
    .option('--fit <how>', 'letterbox or stretch', fitOf, 'letterbox')
    .option('--threads <n>', 'of the session; 0: all cores but one', whole(0, 256), 0)
    .option('--confusion <file>', 'write the confusion matrix as a picture: OUT.png or OUT.svg', pictureFile)
    .option('--json', 'print JSON')
    .action(async (options: EvaluateOptions) => {
      needs(command, 'images', 'labels');
      await evaluate(options);
      done(0);
    });
}

function modelFile(value: string): ModelFile {
  if (value === 'cpu' || value === 'tensorrt') return value;
  throw new InvalidArgumentError('Choose cpu or tensorrt.');
}

function pictureFile(value: string): string {
  if (/\.(?:png|svg)$/i.test(text(value))) return value;
  throw new InvalidArgumentError('Give OUT.png or OUT.svg.');
}

function fitOf(value: string): Fit {
  if (value === 'letterbox' || value === 'stretch') return value;
  throw new InvalidArgumentError('Choose letterbox or stretch.');
}

async function evaluate(options: EvaluateOptions): Promise<void> {
  const { fit } = options;
  const { pictures, passedOver } = picturesOf(options.images);
  const labels = labelsOf(pictures, options.labels);
  const model = loadModel(options.model, withoutBuilding('cpu'), options.file);
  const { classes } = model.manifest;
  const segmenter = await Segmenter.open(model, options);
  try {
    const confusion = new ConfusionMatrix(classes.length);
    const names = classes.map(({ name }) => name);
    const runs: number[] = [];
    for (const [i, path] of pictures.entries()) {
      const picture = await readPicture(path);
      const truth = await readLabels(labels[i]!, classes);
      if (!fits(truth, picture))
        throw new Error(
          `label ${labels[i]!}: ${truth.width}x${truth.height}, but its picture ${path} is ${picture.width}x${picture.height}; give it a label of its own proportions`,
        );
      const { width, height } = truth;
      const result = await segmenter.segment(
        segmenter.hold(rgb8Image(picture.width, picture.height, picture.pixels)),
        { fit, opacity: 0, outputs: [{ kind: 'mask', width, height, headroom: 0 }] },
      );
      confusion.add(truth.ids, new Uint8Array(result.outputs[0]!.buffer));
      runs.push(result.times.run);
      result.release();
    }
    print(confusion, names, runs, passedOver, options);
    if (options.confusion !== undefined) await writeConfusion(options.confusion, confusion, names);
  } finally {
    await segmenter.close();
  }
}

async function writeConfusion(
  path: string,
  confusion: ConfusionMatrix,
  names: readonly string[],
): Promise<void> {
  const isSvg = path.toLowerCase().endsWith('.svg');
  const picture = isSvg ? confusionSvg(confusion, names) : await confusionPng(confusion, names);
  await writing(path, () => writeNew(path, picture));
}

/** Whether a label is its picture made smaller or larger, to the pixel. */
function fits(label: Labels, picture: Picture): boolean {
  return (
    Math.abs(label.height - (label.width * picture.height) / picture.width) < 1 ||
    Math.abs(label.width - (label.height * picture.width) / picture.height) < 1
  );
}

function print(
  confusion: ConfusionMatrix,
  names: readonly string[],
  runs: number[],
  passedOver: number,
  options: EvaluateOptions,
): void {
  const iou = confusion.iou();
  const run = runs.sort((a, b) => a - b)[runs.length >> 1] ?? NaN;
  const result = {
    model: options.model,
    file: options.file,
    pictures: runs.length,
    mean_iou: confusion.meanIou(),
    pixel_accuracy: confusion.accuracy(),
    unlabelled: confusion.unlabelled,
    left_out: confusion.leftOut,
    passed_over: passedOver,
    run_ms_median: run,
    iou: Object.fromEntries(names.map((name, id) => [name, iou[id]])),
    // Rows true, columns predicted, the last one unlabelled; pixels.
    confusion: names.map((_, truth) =>
      [...names, ''].map((__, predicted) => confusion.count(truth, predicted)),
    ),
  };
  if (options.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  console.log(
    `${options.model}, ${options.file} file, ${runs.length} pictures, median run ${run.toFixed(1)} ms`,
  );
  const width = Math.max(...names.map((name) => name.length), 'pixel accuracy'.length);
  names.forEach((name, id) => {
    const value = iou[id]!;
    console.log(`  ${name.padEnd(width)}  ${Number.isNaN(value) ? '    -' : value.toFixed(2).padStart(5)}`);
  });
  console.log(`  ${'mean IoU'.padEnd(width)}  ${result.mean_iou.toFixed(2)}`);
  console.log(`  ${'pixel accuracy'.padEnd(width)}  ${result.pixel_accuracy.toFixed(2)}`);
  if (confusion.unlabelled > 0)
    console.log(`  ${confusion.unlabelled} pixels came out as ${UNLABELLED}, unlabelled`);
  if (confusion.leftOut > 0)
    console.log(`  ${confusion.leftOut} pixels of the labels are no class, left out`);
  if (passedOver > 0) console.log(`  ${passedOver} other entries of ${options.images} passed over`);
}
