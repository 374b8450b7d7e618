import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { requireRos } from '#commands/requireRos.js';
import { picturesOf } from './camera.js';
import { parseSize, positive, type Size } from './options.js';
import { DemoRecord } from './record.js';
import { writeDemoReport } from './report.js';
import { IMAGE, MASK, OVERLAY, RVIZ } from './topics.js';

interface DemoOptions {
  readonly images?: string;
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

/** `demo`: node and camera as processes of their own over DDS, and what came of it in a folder. */
export function addDemoCommand(program: Command, done: (code: number) => void): void {
  const command = program
    .command('demo', { isDefault: true })
    .description('run the node on the synthetic street, or on your pictures, and report')
    .option('--images <dir>', 'JPEG and PNG pictures instead of the synthetic street')
    .option('--frames <n>', 'pictures of the street', positive, 100)
    .option('--rate <hz>', 'pictures a second', positive, 8)
    .option('--size <WxH>', 'of the street', parseSize, { width: 640, height: 480 })
    .option('--seed <n>', 'of the street', Number, 7)
    .option('--model <path>', 'another model: its folder or manifest')
    .option('--out <dir>', 'where the report goes', 'out')
    .option('--live', 'keep running until Ctrl-C, to look at it in rviz')
    .action(async (options: DemoOptions) => {
      done(await demo({ ...options, frames: Math.round(options.frames) }));
    });
  // It is the default: --help alone should tell its options.
  program.addHelpText('after', () => `\n${command.helpInformation()}`);
}

async function demo(options: DemoOptions): Promise<number> {
  const out = resolve(options.out);
  const frames = options.images === undefined ? options.frames : picturesOf(options.images).length;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  requireRos();
  const { listen } = await import('./graph.js');
  const record = new DemoRecord(out);
  const listener = await listen('attendseg_demo', {
    images: {
      [MASK]: (frame) => {
        record.mask(frame);
      },
      [OVERLAY]: (frame) => {
        record.overlay(frame);
      },
    },
    diagnostics: (report) => {
      record.diagnostics(report);
    },
  });
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    camera?.kill('SIGINT');
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  let camera: ChildProcess | undefined;
  const parameters = options.model === undefined ? [] : ['-p', `model:=${resolve(options.model)}`];
  console.log(`node    ${IMAGE} -> ${MASK}, ${OVERLAY}`);
  const node = spawn(process.execPath, [NODE, 'node', '--ros-args', '-r', `image:=${IMAGE}`, ...parameters], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    await until(
      () => listener.hasSubscriber(IMAGE) || node.exitCode !== null || interrupted,
      30_000,
      'the node to start',
    );
    if (node.exitCode !== null) return node.exitCode || 1;
    console.log(`camera  ${options.images ?? `synthetic street, seed ${options.seed}`}, ${options.rate} Hz`);
    camera = spawn(process.execPath, [SELF, ...cameraArguments(options, frames)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (options.live) console.log(`Running until Ctrl-C. Look at it:  ${RVIZ}`);
    const bar = new SingleBar({
      format: '{bar} {value}/{total} sent, {masks} masks',
      hideCursor: true,
      noTTYOutput: false,
    });
    bar.start(options.live ? 0 : frames, 0, { masks: 0 });
    for await (const line of createInterface({ input: camera.stdout! })) {
      record.sent(JSON.parse(line) as { index: number; sec: number; nanosec: number });
      bar.update(record.sentCount, { masks: record.maskCount });
    }
    // The last masks, and the node's last report, follow within about a second.
    await sleep(1500);
    bar.update(record.sentCount, { masks: record.maskCount });
    bar.stop();
  } finally {
    camera?.kill('SIGINT');
    await end(node);
    listener.close();
  }
  if (record.maskCount === 0) {
    console.error('demo: no mask arrived; try: ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST npm run demo');
    return 1;
  }
  await writeDemoReport(record, options, out);
  return 0;
}

function cameraArguments({ images, rate, size, seed, live }: DemoOptions, frames: number): string[] {
  const source =
    images === undefined
      ? [
          '--size',
          `${size.width}x${size.height}`,
          '--seed',
          `${seed}`,
          ...(live ? [] : ['--count', `${frames}`]),
        ]
      : ['--images', images];
  return ['camera', '--topic', IMAGE, '--rate', `${rate}`, '--print', ...source];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(force);
}

async function until(condition: () => boolean, limit: number, what: string): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limit) throw new Error(`waited ${limit / 1000} s for ${what}`);
    await sleep(50);
  }
}
