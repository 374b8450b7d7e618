import { htmlText } from './htmlText.js';
import { percent } from './verdict.js';

/** Readable on light and dark paper; cameras beyond them begin anew. */
const INKS = ['#2f7ed8', '#d9822b', '#3a9a5b', '#b15bc4', '#c94f4f', '#6f7f8f'];

const [WIDTH, HEIGHT, LEFT, TOP, ROW] = [1000, 220, 70, 10, 18];

/** Points of a line; of more frames, the worst of each stretch is drawn. */
const POINTS = 900;

/**
 * Agreement by frame as an inline SVG picture, a line for each topic.
 * @param series percent of each frame by topic; of folders, one without a name
 */
export function agreementLines(series: ReadonlyMap<string, readonly number[]>): string {
  const all = [...series.values()];
  if (all.length === 0) return '<p>There are no pairs.</p>';
  const lines = all.map((values) => worstOfEach(values, POINTS));
  const lowest = Math.min(...lines.flat());
  // Equal everywhere is a line at the top.
  const bottom = lowest === 100 ? 99 : lowest;
  const [right, floor] = [WIDTH - 10, TOP + HEIGHT];
  const y = (value: number): number => TOP + (HEIGHT * (100 - value)) / (100 - bottom);
  const polylines = lines.map((values, i) => {
    const x = (at: number): number => LEFT + ((right - LEFT) * (at + 0.5)) / values.length;
    const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
    // A single frame is a dot: a line of no length with round ends.
    if (points.length === 1) points.push(points[0]!);
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${ink(i)}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`;
  });
  const names = [...series].map(([topic, values], i) => {
    const at = floor + ROW * (i + 1);
    const what = topic === '' ? 'all files' : htmlText(topic);
    return `<text x="${LEFT}" y="${at}"><tspan style="fill:${ink(i)}">■</tspan> ${what}, ${values.length} frames</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${floor + ROW * (series.size + 1)}" role="img" aria-label="pixel agreement of each frame">
<text x="${LEFT - 8}" y="${TOP + 5}" text-anchor="end">100 %</text>
<text x="${LEFT - 8}" y="${floor}" text-anchor="end">${percent(bottom)}</text>
<path class="axis" d="M${LEFT} ${TOP}H${right}M${LEFT} ${floor}H${right}M${LEFT} ${TOP}V${floor}" fill="none"/>
${polylines.join('\n')}
${names.join('\n')}
</svg>`;
}

function ink(i: number): string {
  return INKS[i % INKS.length]!;
}

function worstOfEach(values: readonly number[], most: number): number[] {
  const count = Math.min(values.length, most);
  return Array.from({ length: count }, (_, i) => {
    const stretch = values.slice(
      Math.floor((i * values.length) / count),
      Math.floor(((i + 1) * values.length) / count),
    );
    return Math.min(...stretch);
  });
}
