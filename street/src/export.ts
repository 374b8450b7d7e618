import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { Street, type StreetFrame } from './street.js';
import { writeWhole } from './writeWhole.js';

export interface ExportOptions {
  readonly seeds: readonly number[];
  readonly framesPerSeed: number;
  readonly width: number;
  readonly height: number;
  readonly dir: string;
  /** Frames of the drive from one picture to the next; 67 if not given, so that pictures are some 15 m apart. */
  readonly stride?: number;
  /** See StreetOptions; 2 if not given: these pictures are looked at longer than they take to draw. */
  readonly samples?: 1 | 2;
  /** Also writes `colour/NAME.png`, the labels for people to look at. */
  readonly hasColour?: boolean;
  readonly onPicture?: (name: string) => void;
}

/** CamVid's own colours, by class id. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [128, 128, 128],
  [128, 0, 0],
  [192, 192, 128],
  [128, 64, 128],
  [60, 40, 222],
  [128, 128, 0],
  [192, 128, 128],
  [64, 64, 128],
  [64, 0, 128],
  [64, 64, 0],
  [0, 128, 192],
];

/**
 * Writes pictures and labels as CamVid is laid out: `image/NAME.jpg` and `label/NAME.png` (one channel, class ids).
 * Seeds 1 to 99 are reserved for the demo and the tests; take training data from 1000 and up.
 */
export async function exportStreet(options: ExportOptions): Promise<number> {
  const {
    seeds,
    framesPerSeed,
    width,
    height,
    dir,
    stride = 67,
    samples = 2,
    hasColour = false,
    onPicture,
  } = options;
  for (const folder of ['image', 'label', ...(hasColour ? ['colour'] : [])])
    await mkdir(join(dir, folder), { recursive: true });
  for (const seed of seeds) {
    const street = new Street({ seed, width, height, samples });
    for (let i = 0; i < framesPerSeed; i++) {
      const name = `street_${String(seed).padStart(5, '0')}_${String(i).padStart(3, '0')}`;
      await writeFrame(street.frame(i * stride), width, height, dir, name, hasColour);
      onPicture?.(name);
    }
  }
  return seeds.length * framesPerSeed;
}

async function writeFrame(
  { picture, labels }: StreetFrame,
  width: number,
  height: number,
  dir: string,
  name: string,
  hasColour: boolean,
): Promise<void> {
  const rgb = { raw: { width, height, channels: 3 } } as const;
  const write = async (folder: string, file: string, image: Sharp): Promise<void> =>
    writeWhole(join(dir, folder, file), await image.toBuffer());
  await Promise.all([
    write('image', `${name}.jpg`, sharp(picture, rgb).jpeg({ quality: 95, chromaSubsampling: '4:4:4' })),
    write(
      'label',
      `${name}.png`,
      sharp(labels, { raw: { width, height, channels: 1 } })
        .toColourspace('b-w')
        .png(),
    ),
    hasColour && write('colour', `${name}.png`, sharp(colourLabels(labels), rgb).png()),
  ]);
}

/** RGB bytes of a label map in CamVid's colours. */
export function colourLabels(labels: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(labels.length * 3);
  labels.forEach((id, i) => {
    rgb.set(COLOURS[id]!, i * 3);
  });
  return rgb;
}
