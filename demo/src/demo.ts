import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { addExample } from '#commands/commandLine.js';
import { decimal, sizeOption, text, whole, type Size } from '#commands/optionValues.js';
import { picturesOf } from '#commands/pictureFolder.js';
import { BagPictures } from '#commands/segment/bagPictures.js';
import { requireRos } from '#commands/requireRos.js';
import { Scope } from '#inference/scope.js';
import type { CameraFrame } from '#node/imageMessage.js';
import type { RawImage } from '#vision/rawImage.js';
import { Children } from './children.js';
import type { Sent } from './graph.js';
import { OutFolder } from './outFolder.js';
import { DemoRecord } from './record.js';
import { writeDemoReport } from './report.js';
import { IMAGE, MASK, OVERLAY, RVIZ } from './topics.js';

interface DemoOptions {
  readonly images?: string;
  readonly bag?: string;
  readonly frames: number;
  readonly rate: number;
  readonly size: Size;
  readonly seed: number;
  readonly model?: string;
  readonly out: string;
  readonly live?: true;
}

const NODE = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SELF = fileURLToPath(new URL('main.js', import.meta.url));

/** The most overlays that are kept: of a folder, so that a small one is shown whole, and of the street. */
const KEPT = { folder: 24, street: 12 };

/**
 * `demo`: node and camera as processes of their own over DDS, and what came of it in a folder.
 * @param ended aborted by a signal, with the exit code as its reason
 */
export function addDemoCommand(program: Command, ended: AbortSignal, done: (code: number) => void): void {
  const command = addExample(program.command('demo'), 'npm run demo -- --frames 30 --seed 3')
    .description('run the node on the synthetic street, or on your pictures, and report')
    .option('--images <dir>', 'JPEG and PNG pictures instead of the synthetic street', text)
    .option('--bag <path>', 'the pictures of a bag instead: npm run sample-bag makes one', text)
    .option('--frames <n>', 'pictures of the street; of a bag, at most', whole(1, 100_000), 100)
    .option('--rate <hz>', 'pictures a second', decimal(0.01, 1000), 8)
    .addOption(sizeOption('--size <WxH>', 'of the street', '640x480'))
    .option('--seed <n>', 'of the street', whole(0, 2 ** 32 - 1), 7)
    .option('--model <path>', 'another model: its folder or manifest', text)
    .option('--out <dir>', 'where the report goes', text, 'out')
    .option('--live', 'keep running until Ctrl-C, to look at it in rviz; no report')
    .action(async (options: DemoOptions) => {
      const scope = new Scope();
      ended.addEventListener(
        'abort',
        () => void scope.close().then(() => process.exit(ended.reason as number)),
      );
      try {
        done(await demo(options, scope));
      } finally {
        await scope.close();
      }
    });
  // It is the default: --help alone should tell its options.
  program.addHelpText('after', () => `\n${command.helpInformation()}`);
}

/** What has a life is the scope's; a closed one ends it at once. */
async function demo(options: DemoOptions, scope: Scope): Promise<number> {
  const { images, bag, live, rate } = options;
  const frames = await framesOf(options);
  requireRos();
  const every = Math.ceil(frames / (images === undefined ? KEPT.street : KEPT.folder));
  const record = live ? undefined : new DemoRecord(OutFolder.open(resolve(options.out)), every);
  let [sent, masks] = [0, 0];
  let answer = (): unknown => undefined;
  const { listen } = await import('./graph.js');
  const listener = scope.own(
    await listen('attendseg_demo', {
      images: {
        [MASK]: (frame) => {
          masks++;
          record?.mask(frame);
        },
        // Live it is rviz that looks at them, if anybody.
        ...(record && {
          [OVERLAY]: (frame: CameraFrame<RawImage>) =>
            void record
              .overlay(frame)
              // The report will say it.
              .catch(() => undefined)
              .then(() => {
                answer();
              }),
        }),
      },
      diagnostics: (report) => {
        record?.diagnostics(report);
      },
    }),
    (heard) => {
      heard.close();
    },
  );
  const children = scope.own(new Children(), (all) => all.end());
  const parameters = options.model === undefined ? [] : ['-p', `model:=${resolve(options.model)}`];
  console.log(`node    ${IMAGE} -> ${MASK}, ${OVERLAY}`);
  const node = children.start(
    [NODE, 'node', '--ros-args', '-r', `image:=${IMAGE}`, ...parameters],
    'ignore',
    'inherit',
  );
  await until(() => listener.hasSubscriber(IMAGE) || node.exitCode !== null, 30_000, 'the node to start');
  if (node.exitCode !== null) return node.exitCode || 1;
  console.log(`camera  ${images ?? bag ?? `synthetic street, seed ${options.seed}`}, ${rate} Hz`);
  const camera = children.start([SELF, ...cameraArguments(options, frames)], 'pipe', 'pipe');
  // It may have ended just before an answer.
  camera.stdin!.on('error', () => undefined);
  answer = () => camera.stdin!.write('\n');
  if (live) console.log(`Running until Ctrl-C. Look at it:  ${RVIZ}`);
  const bar = scope.own(
    new SingleBar({
      format: '{bar} {value}/{total} sent, {masks} masks',
      hideCursor: true,
      noTTYOutput: false,
    }),
    (shown) => {
      shown.stop();
    },
  );
  bar.start(live ? 0 : frames, 0, { masks });
  for await (const line of createInterface({ input: camera.stdout! })) {
    record?.sent(JSON.parse(line) as Sent);
    bar.update(++sent, { masks });
  }
  // The last masks, and the node's last report, follow within about a second.
  await sleep(1500);
  bar.update(sent, { masks });
  await scope.close();
  if (camera.exitCode !== 0) return 1;
  if (masks === 0) {
    console.error('demo: no mask arrived; try: ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST npm run demo');
    return 1;
  }
  if (record) await writeDemoReport(record, options);
  return 0;
}

/** How many pictures there will be at most. */
async function framesOf({ images, bag, frames }: DemoOptions): Promise<number> {
  if (images !== undefined) return picturesOf(images).pictures.length;
  if (bag === undefined) return frames;
  const pictures = await BagPictures.open(bag, {});
  await pictures.close();
  return Math.min(frames, pictures.expected ?? frames);
}

function cameraArguments({ images, bag, rate, size, seed, live }: DemoOptions, frames: number): string[] {
  const source =
    bag !== undefined
      ? ['--bag', bag, ...(live ? ['--loop'] : ['--step', '--count', `${frames}`])]
      : images === undefined
        ? [
            '--size',
            `${size.width}x${size.height}`,
            '--seed',
            `${seed}`,
            ...(live ? [] : ['--count', `${frames}`]),
          ]
        : ['--images', images, live ? '--loop' : '--step'];
  return ['camera', '--topic', IMAGE, '--rate', `${rate}`, '--print', ...source];
}

async function until(condition: () => boolean, limit: number, what: string): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limit) throw new Error(`waited ${limit / 1000} s for ${what}`);
    await sleep(50);
  }
}
