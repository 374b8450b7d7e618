import { styleText } from 'node:util';
import type { Finding, Level } from './finding.js';

const COLOURS = { ok: 'green', info: 'dim', warning: 'yellow', error: 'red' } as const;
const LEVEL_WIDTH = 'warning'.length;

/** How many of the findings are of a level. */
export function count(findings: readonly Finding[], level: Level): number {
  return findings.filter((finding) => finding.level === level).length;
}

/** The findings as lines of at most `width` characters, unless a word is longer. */
export function told(
  findings: readonly Finding[],
  { colour, width }: { colour: boolean; width: number },
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    // Whether to colour is decided once, by the caller.
    colour ? styleText(style, text, { validateStream: false }) : text;
  const lines: string[] = [];
  for (const group of new Set(findings.map((finding) => finding.group))) {
    lines.push(paint('bold', group));
    for (const { level, name, value, remedy } of findings.filter((finding) => finding.group === group)) {
      const label = paint(COLOURS[level], level.padEnd(LEVEL_WIDTH));
      const [first, ...rest] = wrapped(`${name}: ${value}`, width - LEVEL_WIDTH - 4);
      lines.push(`  ${label}  ${first!}`, ...rest.map((line) => `${' '.repeat(LEVEL_WIDTH + 6)}${line}`));
      if (remedy === undefined) continue;
      const [arrow, ...more] = wrapped(remedy, width - LEVEL_WIDTH - 9);
      lines.push(
        `${' '.repeat(LEVEL_WIDTH + 6)}-> ${arrow!}`,
        ...more.map((line) => `${' '.repeat(LEVEL_WIDTH + 9)}${line}`),
      );
    }
    lines.push('');
  }
  const [errors, warnings] = [count(findings, 'error'), count(findings, 'warning')];
  lines.push(`${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}`);
  return lines.join('\n');
}

/** Broken at spaces; lines after the first are two characters shorter, as they are indented more. */
function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    const room = lines.length === 1 ? width : width - 2;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
