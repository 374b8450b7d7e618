import { agreementLines } from './agreementLines.js';
import type { FramePictures } from './framePictures.js';
import { htmlText } from './htmlText.js';
import { frameText } from './maskPairs.js';
import type { Compared } from './printComparison.js';
import { counted, percent, some } from './verdict.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --faint: #6b7178; --line: #d9dce0; --good: #14713a; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --paper: #16181d; --faint: #9aa1a9; --line: #363b43; --good: #5dc98a; --bad: #ff8a80 }
}
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } h3 { font-size: 1rem; font-weight: 600; overflow-wrap: anywhere }
table { border-collapse: collapse } th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.faint { color: var(--faint) } .good { color: var(--good) } .bad { color: var(--bad) } li, td { overflow-wrap: anywhere }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .5em; border: 1px solid var(--line) }
.frame { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem }
figure { margin: 0 } figure img { width: 100%; display: block } figcaption { color: var(--faint); font-size: .875rem }
svg { width: 100%; height: auto } svg text { fill: var(--faint); font: 12px system-ui, sans-serif } svg .axis { stroke: var(--line) }`;

/** What is shown of a frame, from left to right. */
const SHOWN: readonly (readonly [file: string, caption: string])[] = [
  ['image.jpg', 'picture'],
  ['a.png', 'A'],
  ['b.png', 'B'],
  ['difference.png', 'different pixels in red'],
];

/**
 * A comparison as one page without scripts or anything from outside.
 * @param pictures of the worst frames, in their order; files beside the page
 */
export function htmlReport(compared: Compared, pictures: readonly FramePictures[]): string {
  const { a, b, comparison, failed, notes, problems } = compared;
  const verdict =
    failed.length === 0
      ? '<p class="good">Nothing failed.</p>'
      : `<p class="bad">Failed:</p>${list(failed, 'bad')}`;
  const { worst, unusable } = comparison;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Masks compared</title>
<style>${STYLE}
</style>
<h1>Masks compared</h1>
<table>
<tr><th>A</th><td>${htmlText(a)}</td></tr>
<tr><th>B</th><td>${htmlText(b)}</td></tr>
</table>
${verdict}
${list([...notes, ...problems, ...unusable.first], 'faint')}
<h2>Figures</h2>
${figures(compared)}
<h2>Pixel agreement, frame by frame</h2>
${agreementLines(comparison.series)}
<h2>Classes</h2>
${classTable(compared)}
<p class="faint">Shares of all pixels, and intersection over union of B and A, in percent. The mean is over the classes that occur in A, without unlabelled.</p>
<h2>Worst frames</h2>
${worst.frames.length === 0 ? '<p>No frame differs.</p>' : ''}
${worst.frames.map((frame, i) => frameSection(i, frame.agreement, frameText(frame.frame), pictures[i]!)).join('\n')}
</html>
`;
}

function figures({ comparison }: Compared): string {
  const { alone, confidence, worstFrame, unusable } = comparison;
  const { became, ceased } = comparison.unlabelled();
  const rows: (readonly [string, string])[] = [
    ['pairs of masks', String(comparison.pairs)],
    ['in A only', `${alone.A.count}${some(alone.A)}`],
    ['in B only', `${alone.B.count}${some(alone.B)}`],
    ['frames that could not be compared', String(unusable.count)],
    ['pixel agreement', `${percent(comparison.agreement)} %`],
  ];
  if (worstFrame !== undefined)
    rows.push(['worst frame', `${percent(worstFrame.agreement)} %, ${frameText(worstFrame.frame)}`]);
  rows.push(
    ['mean IoU', `${percent(comparison.meanIou())} %`],
    ['became unlabelled', counted(became, 'pixel')],
    ['ceased to be unlabelled', counted(ceased, 'pixel')],
  );
  if (confidence.pairs > 0)
    rows.push([
      'confidence, B - A',
      `mean ${confidence.mean.toFixed(3)}, mean absolute ${confidence.meanAbsolute.toFixed(3)} of 255, ${counted(confidence.pairs, 'pair')}`,
    ]);
  return `<table>
${rows.map(([name, value]) => `<tr><th>${htmlText(name)}</th><td>${htmlText(value)}</td></tr>`).join('\n')}
</table>`;
}

function classTable({ comparison, looks }: Compared): string {
  const rows = comparison.classes().map(({ id, shareA, shareB, iou }) => {
    const swatch = `<span class="swatch" style="background:rgb(${looks.colour(id).join()})"></span>`;
    const cells = [shareA.toFixed(2), shareB.toFixed(2), percent(iou)];
    return `<tr><td class="number">${id}</td><td>${swatch}${htmlText(looks.name(id))}</td>${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}</tr>`;
  });
  return `<table>
<tr><th class="number">id</th><th>class</th><th class="number">A</th><th class="number">B</th><th class="number">IoU</th></tr>
${rows.join('\n')}
</table>`;
}

function frameSection(i: number, agreement: number, name: string, pictures: FramePictures): string {
  const shown = SHOWN.flatMap(([what, caption]) => {
    const file = pictures.get(what);
    if (file === undefined) return [];
    return [`<figure><img src="${file}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`];
  });
  return `<h3>${i + 1}. ${htmlText(name)}: ${percent(agreement)} %</h3>
<div class="frame">
${shown.join('\n')}
</div>`;
}

function list(lines: readonly string[], look: string): string {
  if (lines.length === 0) return '';
  return `<ul class="${look}">${lines.map((line) => `<li>${htmlText(line)}</li>`).join('')}</ul>`;
}
