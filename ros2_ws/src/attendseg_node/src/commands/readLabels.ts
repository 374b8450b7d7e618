import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { errorText } from '../errorText.js';
import type { Manifest } from '../inference/manifest.js';
import { UNLABELLED } from '../vision/unlabelled.js';
import { plainPng, type PlainPng } from './plainPng.js';

/** A label picture. */
export interface Labels {
  readonly width: number;
  readonly height: number;
  /** HxW uint8 class ids; UNLABELLED where the file has an id that is no class. */
  readonly ids: Uint8Array;
}

type Classes = Manifest['classes'];

/** RGB as one number; what is black in labels by colour is no class, unless a class is black. */
type Colour = number;
const BLACK: Colour = 0;

/**
 * Reads a PNG file of class ids: grey values or palette indices of 1 to 16 bits, or RGB in the classes' colours.
 * @throws Error naming the file if its ids cannot be told
 */
export async function readLabels(path: string, classes: Classes): Promise<Labels> {
  try {
    const png = plainPng(readFileSync(path));
    return png.kind === 'rgb' ? await byColour(png, classes) : await byId(png, classes);
  } catch (error) {
    throw new Error(`label ${path}: ${errorText(error)}`, {
      cause: error,
    });
  }
}

async function byId(png: PlainPng, classes: Classes): Promise<Labels> {
  const { kind, bits, hasAlpha, palette } = png;
  const { data, info } = await sharp(png.file)
    .toColourspace(bits === 16 ? 'grey16' : 'b-w')
    .raw({ depth: bits === 16 ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const samples = bits === 16 ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  if (hasAlpha) refuseTransparent(samples, 2, bits);
  const step = info.channels;
  // Grey of 1, 2 and 4 bits is read as 0 to 255.
  const scale = bits < 8 ? 255 / (2 ** bits - 1) : 1;
  const known = kind === 'palette' ? idsByPalette(palette, classes) : undefined;
  const ids = new Uint8Array(info.width * info.height);
  for (let i = 0; i < ids.length; i++) {
    const sample = samples[i * step]! / scale;
    const id = sample < classes.length ? sample : UNLABELLED;
    if (known?.[sample]?.includes(id) === false)
      throw new Error(
        `index ${sample} has the colour of another class; save it as grey values of class ids, or as RGB`,
      );
    ids[i] = id;
  }
  return { width: info.width, height: info.height, ids };
}

/**
 * The ids that each colour of a palette stands for; nothing if one is no class's: that palette is for looking at.
 * Programs that save space turn labels in colours into a palette of those, in any order.
 */
function idsByPalette(palette: Uint8Array, classes: Classes): number[][] | undefined {
  const known = idsByColour(classes);
  const found: number[][] = [];
  for (let at = 0; at < palette.length; at += 3) {
    const ids = known.get(colourAt(palette, at));
    if (ids === undefined) return undefined;
    found.push(ids);
  }
  return found;
}

async function byColour(png: PlainPng, classes: Classes): Promise<Labels> {
  if (png.bits === 16) throw new Error('has RGB colours of 16 bits; save it with 8');
  const { data, info } = await sharp(png.file).raw().toBuffer({ resolveWithObject: true });
  if (png.hasAlpha) refuseTransparent(data, 4, 8);
  const known = idsByColour(classes);
  const ids = new Uint8Array(info.width * info.height);
  for (let i = 0; i < ids.length; i++) {
    const at = i * info.channels;
    const [id, other] = known.get(colourAt(data, at)) ?? [];
    if (id === undefined || other !== undefined) {
      const cause = id === undefined ? "no class's" : "more than one class's";
      const place = `${i % info.width}, ${Math.floor(i / info.width)}`;
      throw new Error(
        `the colour ${data.subarray(at, at + 3).join(', ')} at ${place} is ${cause} in the manifest; save it as one channel of class ids`,
      );
    }
    ids[i] = id;
  }
  return { width: info.width, height: info.height, ids };
}

function idsByColour(classes: Classes): Map<Colour, number[]> {
  const ids = new Map<Colour, number[]>();
  classes.forEach(({ color }, id) => {
    if (color === 'none') return;
    const colour = colourAt(color, 0);
    ids.set(colour, [...(ids.get(colour) ?? []), id]);
  });
  if (!ids.has(BLACK)) ids.set(BLACK, [UNLABELLED]);
  return ids;
}

function colourAt(samples: ArrayLike<number>, at: number): Colour {
  return (samples[at]! << 16) | (samples[at + 1]! << 8) | samples[at + 2]!;
}

function refuseTransparent(samples: ArrayLike<number>, channels: number, bits: number): void {
  for (let i = channels - 1; i < samples.length; i += channels)
    if (samples[i] !== 2 ** bits - 1) throw new Error('has transparent pixels; save it without transparency');
}
