import { expect, test } from '@jest/globals';
import { glyphPixel } from '#vision/glyphs.js';
import { drawLegend, legendScale, pasteLegend } from '#vision/legend.js';

const ENTRIES = [
  { name: 'road', color: [200, 10, 20] },
  { name: 'Pavement_2', color: [10, 200, 20] },
] as const;

test('every letter, digit and mark that names have is drawn, and differs from the others', () => {
  const characters = Array.from('abcdefghijklmnopqrstuvwxyz0123456789_-/.');
  const drawn = characters.map((character) =>
    Array.from({ length: 35 }, (_, i) => (glyphPixel(character, i % 5, Math.floor(i / 5)) ? '#' : ' ')).join(
      '',
    ),
  );
  expect(new Set(drawn).size).toBe(characters.length);
  expect(drawn.every((rows) => rows.includes('#'))).toBe(true);
  expect(glyphPixel('A', 1, 2)).toBe(glyphPixel('a', 1, 2));
  expect(glyphPixel('é', 0, 0)).toBe(true);
});

test('a legend has a square of every colour and ink for every letter, at any scale', () => {
  for (const scale of [1, 2, 3]) {
    const { width, height, pixels } = drawLegend(ENTRIES, scale);
    expect(pixels).toHaveLength(width * height * 3);
    const colours = new Map<string, number>();
    for (let i = 0; i < pixels.length; i += 3) {
      const colour = pixels.subarray(i, i + 3).join();
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    expect([...colours.keys()]).toHaveLength(4);
    expect(colours.get('200,10,20')).toBe(64 * scale ** 2);
    expect(colours.get('10,200,20')).toBe(64 * scale ** 2);
    const ink = Array.from('roadpavement_2').reduce(
      (sum, letter) =>
        sum +
        Array.from({ length: 35 }, (_, i) => i).filter((i) => glyphPixel(letter, i % 5, Math.floor(i / 5)))
          .length,
      0,
    );
    expect(colours.get('235,236,240')).toBe(ink * scale ** 2);
  }
});

test('it is as large as it can be, and left out where there is no room', () => {
  expect(legendScale(ENTRIES, 640, 480)).toBe(2);
  expect(legendScale(ENTRIES, 1920, 1080)).toBe(4);
  expect(legendScale(ENTRIES, 160, 120)).toBe(0);
});

test('it covers the corner and nothing else', () => {
  const legend = drawLegend(ENTRIES, 1);
  const [width, height] = [200, 60];
  const out = new Uint8Array(width * height * 3).fill(99);
  pasteLegend(legend, out, width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = x < legend.width && y < legend.height;
      const at = 3 * (y * width + x);
      expect(out[at]).toBe(inside ? legend.pixels[3 * (y * legend.width + x)] : 99);
    }
});
