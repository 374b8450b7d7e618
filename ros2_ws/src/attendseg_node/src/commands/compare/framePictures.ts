import sharp, { type Sharp } from 'sharp';
import type { ClassLooks } from './classLooks.js';
import type { Plane } from './maskPairs.js';
import type { Picture } from '../readPicture.js';

/** Names of files by what they show: `image.jpg` if there is one, `a.png`, `b.png`, `difference.png`. */
export type FramePictures = ReadonlyMap<string, string>;

const RED = [255, 0, 0] as const;
/** The greys of the picture under the red, which stands out of them. */
const [DARKEST, BRIGHTEST] = [30, 150] as const;

/**
 * Draws a frame's masks in the classes' colours, and what differs in red over the dimmed picture, or over the dimmed
 * mask of A where there is none.
 * @param original of any size
 * @returns contents of files by what they show
 */
export async function drawFrame(
  a: Plane,
  b: Plane,
  original: Picture | undefined,
  looks: ClassLooks,
): Promise<Map<string, Uint8Array>> {
  const { width, height } = a;
  const [colourA, colourB] = [coloured(a, looks), coloured(b, looks)];
  const files = new Map<string, Uint8Array>();
  let under = colourA;
  if (original !== undefined) {
    under = await sharp(original.pixels, {
      raw: { width: original.width, height: original.height, channels: 3 },
    })
      .resize(width, height, { fit: 'fill' })
      .raw()
      .toBuffer();
    files.set('image.jpg', await raw(under, width, height).jpeg({ quality: 90 }).toBuffer());
  }
  files.set('a.png', await raw(colourA, width, height).png().toBuffer());
  files.set('b.png', await raw(colourB, width, height).png().toBuffer());
  const difference = await raw(marked(under, a.pixels, b.pixels), width, height)
    .png()
    .toBuffer();
  return files.set('difference.png', difference);
}

function raw(pixels: Uint8Array, width: number, height: number): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** HxWx3 */
function coloured({ pixels }: Plane, looks: ClassLooks): Uint8Array {
  const palette = Array.from({ length: 256 }, (_, id) => looks.colour(id));
  const out = new Uint8Array(pixels.length * 3);
  for (let i = 0; i < pixels.length; i++) out.set(palette[pixels[i]!]!, 3 * i);
  return out;
}

/** Red where ids differ, else dimmed grey. */
function marked(under: Uint8Array, a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(under.length);
  for (let i = 0, at = 0; i < a.length; i++, at += 3) {
    const luma = (under[at]! + 2 * under[at + 1]! + under[at + 2]!) / 4;
    const grey = DARKEST + ((BRIGHTEST - DARKEST) * luma) / 255;
    if (a[i] === b[i]) out.fill(grey, at, at + 3);
    else out.set(RED, at);
  }
  return out;
}
