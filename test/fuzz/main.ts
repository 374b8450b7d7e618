// Tries every decoder of what others send with damaged and hostile input; docs/reliability.md. Build first.
//   node dist-test/fuzz/main.js [--cases 1000000] [--seed 1] [--only DECODER] [--report FILE] [--keep FOLDER]
//   node dist-test/fuzz/main.js --judge FILE
// --cases are all together, or those of the one decoder. Exit code 1: there are findings, or too few cases got far; 2: it
// cannot be run.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkFamily, FAMILIES } from './family.js';
import { faultsOf, readReport, type Report, textOf } from './report.js';
import { ROOT } from './root.js';
import { runFamily } from './runner.js';

const report = await asked().catch((error: unknown) => {
  console.error(`fuzz: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
});
console.log(textOf(report));
process.exit(faultsOf(report).length === 0 ? 0 : 1);

async function asked(): Promise<Report> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      report: { type: 'string' },
      keep: { type: 'string', default: join(ROOT, 'out/fuzz') },
      judge: { type: 'string' },
    },
  });
  if (values.judge !== undefined) return readReport(values.judge);
  const cases = Number(values.cases);
  if (!(Number.isSafeInteger(cases) && cases > 0))
    throw new RangeError(`--cases ${values.cases} is no number of cases`);
  if (values.only !== undefined) checkFamily(values.only);
  return fuzz({ ...values, cases });
}

interface Wish {
  cases: number;
  seed: string;
  only?: string | undefined;
  report?: string | undefined;
  keep: string;
}

async function fuzz({ cases, seed, only, report, keep }: Wish): Promise<Report> {
  const started = performance.now();
  const result: Report = {
    commit: execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]!.model,
    node: process.versions.node,
    command: `node dist-test/fuzz/main.js ${process.argv.slice(2).join(' ')}`.trim(),
    seed,
    seconds: 0,
    families: {},
  };
  for (const [name, count] of only === undefined ? shares(cases) : [[only, cases] as const]) {
    result.families[name] = await runFamily(name, seed, count, keep);
    result.seconds = (performance.now() - started) / 1000;
    if (process.stderr.isTTY) console.error(`${name}: ${count} cases`);
    if (report !== undefined) writeFileSync(report, `${JSON.stringify(result, null, 2)}\n`);
  }
  return result;
}

/** Adds up to `cases`. */
function shares(cases: number): [string, number][] {
  const parts = [...FAMILIES].map(([name, { share }]): [string, number] => [
    name,
    Math.floor((cases * share) / 1000),
  ]);
  parts[0]![1] += cases - parts.reduce((sum, [, count]) => sum + count, 0);
  return parts;
}
