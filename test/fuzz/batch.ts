// Runs cases of one decoder in a process of its own, which may be killed by what it decodes:
//   node dist-test/fuzz/batch.js FAMILY SEED FROM TO FOLDER
// FOLDER gets `progress`, of which case runs, and `findings`, a line of JSON each.
import { appendFileSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Family, openFamily } from './family.js';
import type { Finding } from './report.js';
import { Random } from './random.js';

/** A case may take so long, ms: of the clock, and of the processor, of which a busy machine leaves little. */
const LIMIT = 1000;
/** Attempts to make an input smaller. */
const ATTEMPTS = 300;

const [name, seed, from, to, folder] = process.argv.slice(2) as [string, string, string, string, string];

mkdirSync(join(folder, 'files'), { recursive: true });
const family = await openFamily(name, join(folder, 'files'));
const progress = new Float64Array(4);
const file = openSync(join(folder, 'progress'), 'w');
/** The case that runs, and of those before it: how many passed the first check, the slowest's ms, and which it was. */
function report(): void {
  writeSync(file, progress, 0, progress.byteLength, 0);
}

let before = memory();
for (let index = Number(from); index < Number(to); index++) {
  progress[0] = index;
  report();
  const input = family.generate(new Random(seed, name, index));
  const outcome = await run(family, input);
  const { ms, error, hasPassed } = outcome;
  const after = memory();
  const most = Math.max(...after.map((bytes, i) => bytes - before[i]!));
  if (hasPassed) progress[1]!++;
  if (ms > progress[2]!) [progress[2], progress[3]] = [ms, index];
  if (error !== undefined) find('throws', index, textOf(error), await smaller(family, input, error));
  else if (isSlow(outcome) && isSlow(await run(family, input)))
    find('slow', index, `${Math.round(ms)} ms`, input);
  if (most > family.bound) find('memory', index, `${most} bytes, ${family.bound} are allowed`, input);
  before = error === undefined ? after : memory();
}
progress[0] = Number(to);
report();
process.exit(0);

interface Outcome {
  readonly ms: number;
  /** Of the processor's time, of all threads. */
  readonly cpuMs: number;
  /** None that the family declares. */
  readonly error?: unknown;
  readonly hasPassed: boolean;
}

async function run({ decode, isDeclared }: Family, input: Uint8Array): Promise<Outcome> {
  let hasPassed = false;
  let error: unknown;
  const [started, used] = [performance.now(), process.cpuUsage()];
  try {
    await decode(input, () => {
      hasPassed = true;
    });
  } catch (thrown) {
    if (!isDeclared(thrown)) error = thrown;
  }
  const { user, system } = process.cpuUsage(used);
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000, error, hasPassed };
}

/** Who waits without using the processor ends by the patience of the runner. */
function isSlow({ ms, cpuMs }: Outcome): boolean {
  return Math.min(ms, cpuMs) > LIMIT;
}

/** The most that the process ever had, and what JavaScript has outside of its heap, bytes. */
function memory(): readonly number[] {
  return [process.resourceUsage().maxRSS * 1024, process.memoryUsage().external];
}

function find(kind: Finding['kind'], index: number, message: string, input: Uint8Array): void {
  const finding = {
    kind,
    index,
    message: message.slice(0, 300),
    input: Buffer.from(input).toString('base64'),
  };
  appendFileSync(join(folder, 'findings'), `${JSON.stringify(finding)}\n`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `threw ${typeof error}`;
}

/** An input with parts left out that fails in the same way. */
async function smaller(of: Family, input: Uint8Array, error: unknown): Promise<Uint8Array> {
  const kindOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : typeof thrown);
  let smallest = input;
  let left = ATTEMPTS;
  for (let part = input.length >> 1; part > 0 && left > 0; part >>= 1) {
    for (let at = 0; at + part <= smallest.length && left > 0; left--) {
      const tried = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + part)]);
      const outcome = await run(of, tried).catch((thrown: unknown) => ({ error: thrown }));
      if (outcome.error !== undefined && kindOf(outcome.error) === kindOf(error)) smallest = tried;
      else at += part;
    }
  }
  return smallest;
}
