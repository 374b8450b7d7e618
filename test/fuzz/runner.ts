import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFamily } from './family.js';
import { Random } from './random.js';
import type { FamilyReport, Finding } from './report.js';

const BATCH = fileURLToPath(new URL('batch.js', import.meta.url));
/** Cases of one process. */
const CASES = 20_000;
/** A case that has not ended by then is broken off, ms. */
const PATIENCE = 5000;
/** A process loads its libraries and makes its examples first, ms. */
const START = 30_000;
/** A process with more is broken off, bytes. */
const MOST_MEMORY = 4 * 2 ** 30;
/** After so many findings a decoder is not tried any more. */
const ENOUGH = 20;
const POLL = 100;

interface Progress {
  readonly index: number;
  readonly passed: number;
  readonly slowest: { readonly ms: number; readonly index: number };
}

/** Runs a decoder's cases, each batch in a process of its own, which goes on behind a case that ends it. */
export async function runFamily(
  name: string,
  seed: string,
  cases: number,
  kept: string,
): Promise<FamilyReport> {
  const report = { cases: 0, passed: 0, slowest: { ms: 0, index: 0 }, findings: [] as Finding[] };
  while (report.cases < cases && report.findings.length < ENOUGH) {
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
    try {
      const to = Math.min(cases, report.cases + CASES);
      const { ended, progress } = await runBatch(name, seed, report.cases, to, folder);
      report.passed += progress.passed;
      if (progress.slowest.ms > report.slowest.ms) report.slowest = progress.slowest;
      for (const { input, ...finding } of foundIn(folder))
        report.findings.push({
          ...finding,
          file: keep(kept, name, seed, finding.index, Buffer.from(input, 'base64')),
        });
      if (ended === undefined) {
        report.cases = to;
      } else {
        const { index } = progress;
        const file = keep(kept, name, seed, index, await inputOf(name, seed, index));
        report.findings.push({ ...ended, index, file });
        report.cases = index + 1;
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return report;
}

/** @returns how a case ended the process, if one did */
async function runBatch(
  name: string,
  seed: string,
  from: number,
  to: number,
  folder: string,
): Promise<{ ended: Pick<Finding, 'kind' | 'message'> | undefined; progress: Progress }> {
  const options = ['--max-old-space-size=1024'];
  const child = spawn(process.execPath, [...options, BATCH, name, seed, String(from), String(to), folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: '' },
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-2000)));
  let broken: Pick<Finding, 'kind' | 'message'> | undefined;
  let [last, since] = [-1, performance.now()];
  const watch = setInterval(() => {
    const index = progressIn(folder)?.index ?? -1;
    if (index !== last) [last, since] = [index, performance.now()];
    const bytes = memoryOf(child.pid!);
    if (performance.now() - since > (index < 0 ? START : PATIENCE))
      broken ??= { kind: 'hangs', message: `has not ended after ${PATIENCE} ms` };
    else if (bytes > MOST_MEMORY) broken ??= { kind: 'memory', message: `the process had ${bytes} bytes` };
    if (broken !== undefined) child.kill('SIGKILL');
  }, POLL);
  const status = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve(signal ?? `code ${String(code)}`);
    });
  });
  clearInterval(watch);
  const progress = progressIn(folder);
  if (progress === undefined) throw new Error(`${name} could not be started: ${said.trim()}`);
  if (broken === undefined && status === 'code 0' && progress.index === to)
    return { ended: undefined, progress };
  const message = `the process ended by ${status}: ${said.trim().split('\n').slice(0, 6).join(' ')}`;
  return { ended: broken ?? { kind: 'aborts', message: message.slice(0, 300) }, progress };
}

function progressIn(folder: string): Progress | undefined {
  try {
    const bytes = readFileSync(join(folder, 'progress'));
    const at = (i: number): number => bytes.readDoubleLE(8 * i);
    return { index: at(0), passed: at(1), slowest: { ms: at(2), index: at(3) } };
  } catch {
    // It has not begun.
    return undefined;
  }
}

function foundIn(folder: string): (Omit<Finding, 'file'> & { readonly input: string })[] {
  let lines;
  try {
    lines = readFileSync(join(folder, 'findings'), 'utf8').split('\n');
  } catch {
    return [];
  }
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Omit<Finding, 'file'> & { readonly input: string });
}

/** Resident, bytes. */
function memoryOf(pid: number): number {
  try {
    return 4096 * Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  } catch {
    return 0;
  }
}

/** A case's input, without decoding it. */
async function inputOf(name: string, seed: string, index: number): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    return (await openFamily(name, folder)).generate(new Random(seed, name, index));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(folder: string, name: string, seed: string, index: number, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}-${seed}-${index}`);
  writeFileSync(path, input);
  return path;
}
