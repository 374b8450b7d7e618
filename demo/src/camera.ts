import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { addExample } from '#commands/commandLine.js';
import { decimal, sizeOption, text, whole, type Size } from '#commands/optionValues.js';
import { picturesOf } from '#commands/pictureFolder.js';
import { readPicture, type Picture } from '#commands/readPicture.js';
import { requireRos } from '#commands/requireRos.js';
import { BagPictures } from '#commands/segment/bagPictures.js';
import type { SourcePicture } from '#commands/segment/pictures.js';
import { decodeCompressed, readCompressedHeader } from '#vision/compressedImage.js';
import type { RawImage } from '#vision/rawImage.js';
import { Street } from '#street/street.js';

interface CameraCommandOptions {
  readonly topic: string;
  readonly rate: number;
  readonly count?: number;
  readonly size: Size;
  readonly seed: number;
  readonly images?: string;
  readonly bag?: string;
  readonly print?: true;
  readonly wait: boolean;
  readonly loop?: true;
  readonly step?: true;
}

/** How long the answer to a picture is waited for, and how often the picture is sent. */
const [ANSWER_MS, ATTEMPTS] = [5000, 3];

/** `camera`: a camera for those who have none at hand: the synthetic street, or a folder of pictures. */
export function addCameraCommand(
  program: Command,
  ros: readonly string[],
  ended: AbortSignal,
  done: (code: number) => void,
): void {
  addExample(program.command('camera'), 'node demo/dist/main.js camera --topic /camera/image_raw --rate 5')
    .description('publish the synthetic street, or a folder of pictures, as a camera does')
    .option('--topic <name>', 'of the images', text, 'image')
    .option('--rate <hz>', 'pictures a second', decimal(0.01, 1000), 10)
    .option('--count <n>', 'stop after so many; default: with the folder, or never', whole(1, 1e9))
    .addOption(sizeOption('--size <WxH>', 'of the synthetic street', '640x480'))
    .option('--seed <n>', 'of the synthetic street', whole(0, 2 ** 32 - 1), 1)
    .option('--images <dir>', 'publish these JPEG and PNG pictures, by name', text)
    .option('--bag <path>', 'publish the pictures of this bag: rgb8, JPEG or PNG', text)
    .option('--loop', 'begin folder or bag anew at its end')
    .option('--step', `send a picture again until a line on stdin answers it, at most ${ATTEMPTS} times`)
    .option('--print', 'print a line of JSON for each picture sent')
    .option('--no-wait', 'start without waiting for a subscriber')
    .action(async (options: CameraCommandOptions) => {
      requireRos();
      const { publishPictures } = await import('./graph.js');
      const source = sourceOf(options);
      const pictures = options.step ? answered(source, ended) : source;
      const { topic, rate, wait } = options;
      await publishPictures(pictures, { topic, rate, frameId: 'camera', argv: ros, wait }, ended, (sent) => {
        if (options.print) process.stdout.write(`${JSON.stringify(sent)}\n`);
      });
      done(0);
    });
}

function sourceOf(options: CameraCommandOptions): AsyncGenerator<Picture> {
  if (options.images !== undefined) return folder(options.images, options);
  return options.bag === undefined ? street(options) : recorded(options.bag, options);
}

async function* folder(
  dir: string,
  { count = Infinity, loop }: Pick<CameraCommandOptions, 'count' | 'loop'>,
): AsyncGenerator<Picture> {
  const files = picturesOf(dir).pictures;
  const end = loop ? count : Math.min(count, files.length);
  for (let i = 0; i < end; i++) yield await readPicture(files[i % files.length]!);
}

async function* recorded(
  path: string,
  { count = Infinity, loop }: Pick<CameraCommandOptions, 'count' | 'loop'>,
): AsyncGenerator<Picture> {
  let left = count;
  do {
    const bag = await BagPictures.open(path, {});
    try {
      for await (const found of bag.pictures()) {
        if ('problem' in found) throw new Error(found.problem);
        if (left-- <= 0) return;
        yield await plainPicture(found);
      }
    } finally {
      await bag.close();
    }
  } while (loop);
}

/** Copied: the bag's memory serves for its next picture. @throws Error for encodings that `attendseg play` is for */
async function plainPicture({ image, where }: SourcePicture): Promise<Picture> {
  if ('format' in image)
    return toPicture(await decodeCompressed({ ...image, ...readCompressedHeader(image) }));
  if (image.encoding !== 'rgb8' || image.step !== 3 * image.width)
    throw new Error(
      `${where}: the demo plays rgb8, JPEG and PNG, not ${image.encoding}; attendseg play takes all`,
    );
  return toPicture({ ...image, data: Uint8Array.from(image.data) });
}

function toPicture({ width, height, data }: RawImage): Picture {
  return { width, height, pixels: data };
}

/** The same pictures, the next one when a line on stdin has answered the one before, or after it was sent in vain. */
async function* answered(pictures: AsyncIterable<Picture>, ended: AbortSignal): AsyncGenerator<Picture> {
  const answers = createInterface({ input: process.stdin });
  try {
    for await (const picture of pictures) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        yield picture;
        const patience = AbortSignal.any([ended, AbortSignal.timeout(ANSWER_MS)]);
        const answer = await once(answers, 'line', { signal: patience }).catch(() => undefined);
        if (answer !== undefined || ended.aborted) break;
      }
    }
  } finally {
    answers.close();
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
