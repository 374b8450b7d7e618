import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FAMILIES } from './family.js';
import { faultsOf, readReport, type Report } from './report.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
/** Of all decoders together, fixed as their seed is. */
const CASES = 5000;
const LONG = 240_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fuzz(...options: string[]): { status: number | null; text: string; report: Report } {
  const file = join(folder, 'report.json');
  rmSync(file, { force: true });
  const all = [MAIN, '--report', file, '--keep', join(folder, 'kept'), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' });
  return { status, text: stdout + stderr, report: readReport(file) };
}

function total(report: Report, what: 'cases' | 'passed'): number {
  return Object.values(report.families).reduce((sum, family) => sum + family[what], 0);
}

test(
  'every decoder: thousands of cases end in a value or in an error of its own, half of them past the first check',
  () => {
    const { status, text, report } = fuzz('--cases', String(CASES), '--seed', '20261126');
    expect(faultsOf(report)).toEqual([]);
    expect([status, Object.keys(report.families)]).toEqual([0, [...FAMILIES.keys()]]);
    expect(text).toContain(`${CASES} cases: good`);
    expect(total(report, 'cases')).toBe(CASES);
    expect(total(report, 'passed')).toBeGreaterThan(CASES / 2);
    for (const [name, { cases }] of Object.entries(report.families))
      expect([name, cases]).not.toEqual([name, 0]);
  },
  LONG,
);

test.each([
  ['planted-throws', 'throws', 'TypeError: planted', 12, 1],
  ['planted-hangs', 'hangs', 'has not ended after 5000 ms', 4, 16],
  ['planted-slow', 'slow', ' ms', 8, 16],
  ['planted-aborts', 'aborts', 'the process ended by SIGABRT', 12, 16],
  ['planted-takes', 'memory', 'bytes, 33554432 are allowed', 12, 16],
])(
  '%s: the bug is found, its input kept, and the cases behind it run',
  (name, kind, message, count, bytes) => {
    const { status, text, report } = fuzz('--only', name, '--cases', String(count), '--seed', '3');
    const { cases, findings } = report.families[name]!;
    expect([status, cases]).toEqual([1, count]);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThan(count);
    for (const finding of findings) {
      expect(finding).toMatchObject({ kind, message: expect.stringContaining(message) });
      const kept = readFileSync(finding.file);
      expect(kept.includes(7)).toBe(true);
      expect(kept.length).toBeLessThanOrEqual(bytes);
      expect(text).toContain(`case ${finding.index}: `);
    }
  },
  LONG,
);

test.each([
  [['--only', 'mcpa'], /^fuzz: --only mcpa is none of image, compressed, .+\n$/],
  [['--cases', 'many'], /^fuzz: --cases many is no number of cases\n$/],
  [['--judge', 'nowhere.json'], /^fuzz: .*nowhere\.json.*\n$/],
])('%j cannot be run, which is said in a line', (options, line) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...options], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(line);
});

test('a report is judged by its figures alone', () => {
  const judge = (report: Report): [number | null, string] => {
    const file = join(folder, 'judged.json');
    writeFileSync(file, JSON.stringify(report));
    const { status, stdout } = spawnSync(process.execPath, [MAIN, '--judge', file], { encoding: 'utf8' });
    return [status, stdout];
  };
  const family = { cases: 10, passed: 5, slowest: { ms: 1, index: 2 }, findings: [] };
  const facts = { commit: 'c', date: 'd', cpu: 'p', node: 'n', command: 'f', seed: '1', seconds: 1 };
  expect(judge({ ...facts, families: { cdr: family } })).toEqual([
    0,
    expect.stringContaining('10 cases: good'),
  ]);
  expect(judge({ ...facts, families: { cdr: { ...family, passed: 4 } } })).toEqual([
    1,
    expect.stringContaining('cdr: 4 of 10 cases passed the first check; at least half must'),
  ]);
  expect(judge({ ...facts, families: {} })).toEqual([1, expect.stringContaining('no case was run')]);
  const finding = { kind: 'slow', index: 3, message: '1200 ms', file: 'kept' } as const;
  expect(judge({ ...facts, families: { cdr: { ...family, findings: [finding] } } })).toEqual([
    1,
    expect.stringContaining('cdr slow: case 3: 1200 ms (kept)'),
  ]);
});
