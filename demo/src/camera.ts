import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Command } from 'commander';
import { readPicture, type Picture } from '#commands/readPicture.js';
import { requireRos } from '#commands/requireRos.js';
import { Street } from '#street/street.js';
import { parseSize, positive, type Size } from './options.js';

interface CameraCommandOptions {
  readonly topic: string;
  readonly rate: number;
  readonly count?: number;
  readonly size: Size;
  readonly seed: number;
  readonly images?: string;
  readonly print?: true;
  readonly wait: boolean;
}

/** `camera`: a camera for those who have none at hand: the synthetic street, or a folder of pictures. */
export function addCameraCommand(
  program: Command,
  ros: readonly string[],
  done: (code: number) => void,
): void {
  program
    .command('camera')
    .description('publish the synthetic street, or a folder of pictures, as a camera does')
    .option('--topic <name>', 'of the images', 'image')
    .option('--rate <hz>', 'pictures a second', positive, 10)
    .option('--count <n>', 'stop after so many; default: with the folder, or never', positive)
    .option('--size <WxH>', 'of the synthetic street', parseSize, { width: 640, height: 480 })
    .option('--seed <n>', 'of the synthetic street', Number, 1)
    .option('--images <dir>', 'publish these JPEG and PNG pictures, by name')
    .option('--print', 'print a line of JSON for each picture sent')
    .option('--no-wait', 'start without waiting for a subscriber')
    .action(async (options: CameraCommandOptions) => {
      requireRos();
      const { publishPictures } = await import('./graph.js');
      const pictures = options.images === undefined ? street(options) : folder(options.images, options.count);
      const { topic, rate, wait } = options;
      await publishPictures(pictures, { topic, rate, frameId: 'camera', argv: ros, wait }, (sent) => {
        if (options.print) process.stdout.write(`${JSON.stringify(sent)}\n`);
      });
      done(0);
    });
}

/** JPEG and PNG files of a folder, by name. @throws Error if there are none */
export function picturesOf(dir: string): string[] {
  const files = readdirSync(dir).filter((name) =>
    ['.jpg', '.jpeg', '.png'].includes(extname(name).toLowerCase()),
  );
  if (files.length === 0)
    throw new Error(`${dir}: no JPEG or PNG pictures there; give another folder to --images`);
  return files.sort().map((name) => join(dir, name));
}

async function* folder(dir: string, count = Infinity): AsyncGenerator<Picture> {
  for (const file of picturesOf(dir).slice(0, count)) {
    yield await readPicture(file);
  }
}

async function* street({ size, seed, count = Infinity }: CameraCommandOptions): AsyncGenerator<Picture> {
  const drive = new Street({ seed, ...size });
  let frame;
  for (let i = 0; i < count; i++) {
    frame = drive.frame(i, frame);
    yield { ...size, pixels: frame.picture };
    await Promise.resolve();
  }
}
