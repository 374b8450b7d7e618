/**
 * A texel is one 32-bit integer that carries a colour and the class it belongs to, so whatever copies a texel to the
 * screen writes the picture and the label map in the same store: they cannot disagree.
 *
 *     bits 0-23  colour 0xRRGGBB      bits 24-27  class      bit 28  shines by itself      bit 31  hole
 */
export type Texel = number;

/** A see-through texel: any negative number. */
export const HOLE: Texel = -1;
/** Set on texels that give light rather than reflect it: lamps, lit windows. */
export const GLOW = 1 << 28;

export function texel(colour: number, classId: number): Texel {
  return (colour & 0xffffff) | (classId << 24);
}

/** How much of a coarser texel has to be covered for it to be solid: thin twigs and railings should not fade away. */
const SOLID_SHARE = 2;

/** A repeating picture with sides that are powers of two, and its mipmaps. */
export class Texture {
  /** Level 0 is the full size; every next one halves both sides, down to 1. */
  readonly levels: readonly Int32Array[];
  readonly widthBits: number;
  readonly heightBits: number;

  constructor(texels: Int32Array, width: number, height: number) {
    this.widthBits = 31 - Math.clz32(width);
    this.heightBits = 31 - Math.clz32(height);
    if (
      1 << this.widthBits !== width ||
      1 << this.heightBits !== height ||
      texels.length !== width * height
    ) {
      throw new RangeError(`a texture needs sides that are powers of two, not ${width}x${height}`);
    }
    const levels = [texels];
    let [w, h] = [width, height];
    while (w > 1 && h > 1) {
      levels.push(halve(levels.at(-1)!, w, h));
      w >>= 1;
      h >>= 1;
    }
    this.levels = levels;
  }
}

function halve(texels: Int32Array, width: number, height: number): Int32Array {
  const half = new Int32Array((width * height) >> 2);
  let to = 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const i = y * width + x;
      half[to++] = average(texels[i]!, texels[i + 1]!, texels[i + width]!, texels[i + width + 1]!);
    }
  }
  return half;
}

/** The mean colour of the solid ones, with the class and glow that most of them share, or else the last one's. */
function average(a: Texel, b: Texel, c: Texel, d: Texel): Texel {
  // A hole is -1: its sign bit, spread, blanks it out of the sums.
  const colourA = a & ~(a >> 31);
  const colourB = b & ~(b >> 31);
  const colourC = c & ~(c >> 31);
  const colourD = d & ~(d >> 31);
  const solid = 4 + (a >> 31) + (b >> 31) + (c >> 31) + (d >> 31);
  if (solid < SOLID_SHARE) return HOLE;
  const redBlue = (colourA & 0xff00ff) + (colourB & 0xff00ff) + (colourC & 0xff00ff) + (colourD & 0xff00ff);
  const green = (colourA & 0xff00) + (colourB & 0xff00) + (colourC & 0xff00) + (colourD & 0xff00);
  const red = ((redBlue >> 16) / solid) | 0;
  const blue = ((redBlue & 0xffff) / solid) | 0;
  const colour = (red << 16) | (((green / solid) | 0) & 0xff00) | blue;
  return (shared(a, b, c, d) & ~0xffffff) | colour;
}

/** One of the solid texels whose flags most share. */
function shared(a: Texel, b: Texel, c: Texel, d: Texel): Texel {
  if (a >= 0 && (a >> 24 === b >> 24 || a >> 24 === c >> 24 || a >> 24 === d >> 24)) return a;
  if (b >= 0 && (b >> 24 === c >> 24 || b >> 24 === d >> 24)) return b;
  return d >= 0 ? d : c >= 0 ? c : b >= 0 ? b : a;
}
