import sharp from 'sharp';
import type { ConfusionMatrix } from '../inference/confusionMatrix.js';

/** Pixels of a cell, and of the margin for the names. */
const CELL = 44;
const MARGIN = 150;

/**
 * A confusion matrix as an SVG: a row for each true class, a column for each predicted one and one for unlabelled; a
 * cell says how many percent of its row's pixels it has, the darker the more.
 */
export function confusionSvg(confusion: ConfusionMatrix, names: readonly string[]): string {
  const columns = [...names, 'unlabelled'];
  const [width, height] = [MARGIN + CELL * columns.length + 70, MARGIN + CELL * names.length + 20];
  const label = (x: number, y: number, text: string, turned: boolean): string =>
    turned
      ? `<text transform="translate(${x} ${y}) rotate(-50)">${escaped(text)}</text>`
      : `<text x="${x}" y="${y}" text-anchor="end">${escaped(text)}</text>`;
  const cells = names.flatMap((_, truth) => {
    const counts = columns.map((__, predicted) => confusion.count(truth, predicted));
    const sum = counts.reduce((total, count) => total + count, 0);
    return counts.map((count, predicted) => {
      const share = sum === 0 ? 0 : count / sum;
      const [x, y] = [MARGIN + CELL * predicted, MARGIN + CELL * truth];
      const fill = predicted === truth ? '30,110,60' : '170,40,40';
      const text = sum === 0 ? '' : share > 0 && share < 0.0005 ? '<0.1' : (100 * share).toFixed(1);
      const ink = share > 0.55 ? '#fff' : '#222';
      return (
        `<rect x="${x}" y="${y}" width="${CELL - 2}" height="${CELL - 2}" fill="rgba(${fill},${(0.05 + 0.95 * share).toFixed(3)})"/>` +
        `<text x="${x + CELL / 2 - 1}" y="${y + CELL / 2 + 4}" text-anchor="middle" fill="${ink}" font-size="12">${escaped(text)}</text>`
      );
    });
  });
  const labels = [
    ...columns.map((name, i) => label(MARGIN + CELL * i + CELL / 2, MARGIN - 10, name, true)),
    ...names.map((name, i) => label(MARGIN - 10, MARGIN + CELL * i + CELL / 2 + 4, name, false)),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="14">` +
    `<rect width="100%" height="100%" fill="#fff"/><text x="12" y="24" fill="#555">% of the true class (rows)</text>` +
    `<text x="12" y="44" fill="#555">by predicted class (columns)</text>${labels.join('')}${cells.join('')}</svg>`
  );
}

/** The same as a PNG file's bytes. */
export async function confusionPng(
  confusion: ConfusionMatrix,
  names: readonly string[],
): Promise<Uint8Array> {
  return sharp(Buffer.from(confusionSvg(confusion, names)))
    .png()
    .toBuffer();
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
