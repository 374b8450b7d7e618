import { readFileSync } from 'node:fs';
import { z } from 'zod';

const finding = z.object({
  kind: z.enum(['throws', 'slow', 'hangs', 'aborts', 'memory']),
  /** Of the case: with seed and family, its input follows from it. */
  index: z.int(),
  message: z.string(),
  /** Where the input is kept, as small as it could be made. */
  file: z.string(),
});

const schema = z.object({
  commit: z.string(),
  date: z.string(),
  cpu: z.string(),
  node: z.string(),
  command: z.string(),
  seed: z.string(),
  seconds: z.number(),
  families: z.record(
    z.string(),
    z.object({
      cases: z.int(),
      /** Passed the first check of their header. */
      passed: z.int(),
      slowest: z.object({ ms: z.number(), index: z.int() }),
      findings: z.array(finding),
    }),
  ),
});

export type Finding = z.infer<typeof finding>;
export type Report = z.infer<typeof schema>;
export type FamilyReport = Report['families'][string];

/** @throws Error for a file that is no report */
export function readReport(path: string): Report {
  const result = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!result.success)
    throw new Error(`${path} is no report of the fuzzer: ${result.error.issues[0]!.message}`);
  return result.data;
}

/** Why a run is not good; empty if it is. */
export function faultsOf({ families }: Report): string[] {
  const all = Object.entries(families);
  if (all.every(([, { cases }]) => cases === 0)) return ['no case was run'];
  return all.flatMap(([name, { cases, passed, findings }]) => [
    ...findings.map(
      ({ kind, index, message, file }) => `${name} ${kind}: case ${index}: ${message} (${file})`,
    ),
    ...(passed * 2 < cases
      ? [`${name}: ${passed} of ${cases} cases passed the first check; at least half must`]
      : []),
  ]);
}

/** A table for people, with its verdict. */
export function textOf(report: Report): string {
  const rows = Object.entries(report.families).map(([name, { cases, passed, slowest, findings }]) => {
    const share = cases === 0 ? 0 : Math.floor((100 * passed) / cases);
    return `| \`${name}\` | ${cases} | ${share} % | ${Math.ceil(slowest.ms)} ms | ${findings.length} |`;
  });
  const total = Object.values(report.families).reduce((sum, { cases }) => sum + cases, 0);
  const faults = faultsOf(report);
  return [
    `commit ${report.commit}, ${report.date}, ${report.cpu}, Node ${report.node}, seed ${report.seed}, ${Math.round(report.seconds)} s`,
    '',
    '| decoder | cases | past the first check | slowest | findings |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...faults,
    `${total} cases: ${faults.length === 0 ? 'good' : `${faults.length} faults`}`,
  ].join('\n');
}
