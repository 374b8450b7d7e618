import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './glyphs.js';

/** A class as the legend shows it. */
export interface LegendEntry {
  readonly name: string;
  /** RGB */
  readonly color: readonly [number, number, number];
}

/** A picture to be laid over the corner of another. */
export interface Legend {
  readonly width: number;
  readonly height: number;
  /** HxWx3 uint8 RGB */
  readonly pixels: Uint8Array;
}

const PANEL = [24, 26, 31] as const;
const INK = [235, 236, 240] as const;
/** In the pixels of a glyph: between characters and around each line, around the whole, and the side of a swatch. */
const GAP = 1;
const LINE = GLYPH_HEIGHT + 3;
const BORDER = 4;
const SWATCH = 8;

/** Names with a square of their colour, one below the other; every pixel of a letter is `scale` x `scale` pixels. */
export function drawLegend(entries: readonly LegendEntry[], scale: number): Legend {
  const letters = Math.max(0, ...entries.map(({ name }) => name.length));
  const columns = 2 * BORDER + SWATCH + 3 + letters * (GLYPH_WIDTH + GAP);
  const rows = 2 * BORDER + entries.length * LINE - GAP;
  const width = columns * scale;
  const pixels = new Uint8Array(width * rows * scale * 3);
  const colour = (column: number, row: number): readonly number[] => {
    const line = Math.floor((row - BORDER) / LINE);
    const entry = row < BORDER ? undefined : entries[line];
    if (entry === undefined) return PANEL;
    const y = row - BORDER - line * LINE;
    const x = column - BORDER;
    if (x >= 0 && x < SWATCH) return y < SWATCH ? entry.color : PANEL;
    const text = x - SWATCH - 3;
    const character = text < 0 ? undefined : entry.name[Math.floor(text / (GLYPH_WIDTH + GAP))];
    return character !== undefined && glyphPixel(character, text % (GLYPH_WIDTH + GAP), y) ? INK : PANEL;
  };
  for (let y = 0, at = 0; y < rows * scale; y++)
    for (let x = 0; x < width; x++, at += 3)
      pixels.set(colour(Math.floor(x / scale), Math.floor(y / scale)), at);
  return { width, height: rows * scale, pixels };
}

/** The scale of a legend: its letters grow with the picture, and it takes no more than a third of its width and most of its
 * height; less than 1 where there is no room. */
export function legendScale(entries: readonly LegendEntry[], width: number, height: number): number {
  const { width: columns, height: rows } = drawLegend(entries, 1);
  return Math.min(
    Math.ceil(height / 300),
    Math.floor(width / 3 / columns),
    Math.floor((0.8 * height) / rows),
  );
}

/** Lays a legend over the upper left corner of `out`, height x width x 3 uint8 RGB, into which it must fit. */
export function pasteLegend(legend: Legend, out: Uint8Array, width: number): void {
  for (let y = 0; y < legend.height; y++)
    out.set(legend.pixels.subarray(3 * y * legend.width, 3 * (y + 1) * legend.width), 3 * y * width);
}
