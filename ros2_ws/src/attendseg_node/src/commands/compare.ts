import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readManifest } from '../inference/manifest.js';
import { shippedModel } from '../inference/shippedModel.js';
import { addExample } from './commandLine.js';
import { classLooks } from './compare/classLooks.js';
import { Comparison } from './compare/comparison.js';
import { openMasks } from './compare/openMasks.js';
import { type Compared, comparisonJson, comparisonLines, headline } from './compare/printComparison.js';
import { counted, failures, type Limits } from './compare/verdict.js';
import { newReportFolder, writeReport } from './compare/writeReport.js';
import { segment } from './segment.js';
import { decimal, notEmpty, text, whole } from './optionValues.js';

interface CompareOptions extends Limits {
  readonly models?: readonly string[];
  readonly topics?: readonly string[];
  readonly model: string;
  readonly report?: string;
  readonly images?: string;
  readonly worst: number;
  readonly json?: true;
}

const percentage = decimal(0, 100);

/** `attendseg compare`: two recordings of masks; what differs, and by how much. */
export function addCompareCommand(
  program: Command,
  ros: readonly string[],
  done: (code: number) => void,
): void {
  const command = program.command('compare');
  addExample(
    command,
    `attendseg compare before.mcap after.mcap --min-agreement 99.5
  attendseg compare --models models/old models/new drive.mcap --report report`,
  )
    .description(
      'compares two recordings of masks, B against A: pixel agreement, IoU per class, worst frames; exit code 1 if a limit is missed',
    )
    .argument('[A]', 'a bag, or a folder of masks (PNG), as attendseg segment writes it', notEmpty)
    .argument('[B]', 'the same kind; masks are paired by topic and stamp, or by file name', notEmpty)
    .option(
      '--models <paths...>',
      'instead of A and B: two models, and the bag or pictures that both are to segment, with the parameters after --ros-args',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), text(value)],
    )
    .option(
      '--topics <names>',
      'of masks in bags, with commas between them (default: those called .../mask)',
      topics,
    )
    .option('--allow-missing <n>', 'masks without a partner that are no failure', whole(0, 1e9), 0)
    .option('--min-agreement <percent>', 'fail if fewer of all pixels are equal', percentage)
    .option('--min-frame-agreement <percent>', 'fail if fewer pixels of any frame are equal', percentage)
    .option('--min-iou <percent>', 'fail if the mean IoU over the classes of A is lower', percentage)
    .option(
      '--model <path>',
      'folder or manifest that has the names and colours of the classes',
      text,
      shippedModel(),
    )
    .option('--report <dir>', 'a new folder for report.html with pictures of the worst frames', text)
    .option('--images <path>', 'bag or folder of the pictures for the report (default: A, then B)', text)
    .option('--worst <n>', 'how many of the worst frames are told', whole(0, 1000), 8)
    .option('--json', 'print JSON')
    .action(async (a: string | undefined, b: string | undefined, options: CompareOptions) => {
      const paths = [...(options.models ?? []), a, b].filter((path) => path !== undefined);
      const expected = options.models === undefined ? 2 : 3;
      if (paths.length !== expected)
        command.error(
          `error: give ${expected === 2 ? 'two recordings of masks' : 'two models and one bag or folder of pictures'}; see compare --help`,
        );
      const [first, second, input] = paths as [string, string, string];
      const passed =
        options.models === undefined
          ? await compare(first, second, options)
          : await compareModels(first, second, input, options, ros);
      done(passed ? 0 : 1);
    });
}

function topics(value: string): string[] {
  return text(value)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Segments with both models, and compares what comes out. @returns whether nothing failed */
async function compareModels(
  a: string,
  b: string,
  input: string,
  options: CompareOptions,
  ros: readonly string[],
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'attendseg-compare-'));
  try {
    const outs: string[] = [];
    for (const [i, model] of [a, b].entries()) {
      const out = join(folder, `${i}.mcap`);
      const { result } = await segment(
        input,
        { out, model, outputs: ['mask', 'confidence', 'label_info'], every: 1, compression: 'zstd' },
        ros,
      );
      if (result.problems > 0) throw new Error(`${input}: not all of it can be segmented; see above`);
      outs.push(out);
    }
    return await compare(outs[0]!, outs[1]!, { ...options, images: options.images ?? input }, [a, b]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param names of A and B, for people. @returns whether nothing failed */
async function compare(
  a: string,
  b: string,
  options: CompareOptions,
  names: readonly [string, string] = [a, b],
): Promise<boolean> {
  const manifest = readManifest(options.model);
  const report = options.report === undefined ? undefined : newReportFolder(options.report);
  const masks = await openMasks(a, b, options.topics ?? []);
  let result: Compared;
  try {
    const comparison = new Comparison(options.worst, report !== undefined);
    const named = await masks.names();
    for await (const finding of masks.findings()) comparison.add(finding);
    const problems = masks.problems();
    result = {
      a: names[0],
      b: names[1],
      comparison,
      looks: classLooks(named?.names, manifest),
      problems,
      failed: failures(comparison, options, problems),
      notes: named?.contradictions ?? [],
    };
  } finally {
    await masks.close();
  }
  if (!options.json) console.log([headline(result), ...comparisonLines(result)].join('\n'));
  if (report !== undefined) {
    const written = await writeReport(
      report,
      result,
      options.images === undefined ? [a, b] : [options.images],
    );
    if (!options.json) console.log(`report  ${written}`);
  }
  if (options.json) console.log(JSON.stringify(comparisonJson(result), null, 2));
  tell(result);
  return result.failed.length === 0;
}

/** What went wrong, on the error output. */
function tell({ comparison: { unusable }, problems, notes, failed }: Compared): void {
  const more = unusable.count - unusable.first.length;
  const lines = [
    ...notes.map((note) => `note: ${note}`),
    ...problems,
    ...unusable.first,
    ...(more > 0 ? [`${counted(more, 'more frame')} that could not be compared`] : []),
    ...failed.map((line) => `failed: ${line}`),
  ];
  for (const line of lines) console.error(`attendseg: ${line}`);
}
