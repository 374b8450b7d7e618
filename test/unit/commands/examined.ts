/** What the doctor finds on recorded machines. */
import { examine } from '#commands/doctor.js';
import type { Finding } from '#commands/doctor/finding.js';
import { Machine } from '#commands/doctor/machine.js';
import type { Program } from '#commands/doctor/program.js';
import { shippedModel } from '#inference/shippedModel.js';
import { type Files, HOSTS, onnxruntime, record } from './recordedMachines.js';

export const PACKAGES = '/opt/attendseg/node_modules';
export const NPM = onnxruntime(`${PACKAGES}/onnxruntime-node`, 'libonnxruntime.so.1');
export const OWN = onnxruntime(`${PACKAGES}/onnxruntime-node`, 'libonnxruntime.so.1.26.0', {
  tensorrt: true,
  version: '1.26.0',
});
const IMAGE = { width: 1920, height: 1080 };
export const ME = process.getuid!();

export const program: Program = {
  fastDdsProfile: '/opt/attendseg/config/fastdds.xml',
  nodeVersion: '22.20.0',
  folderOf: (name) => Promise.resolve(`${PACKAGES}/${name}`),
  backends: () => Promise.resolve(['cpu', 'tensorrt']),
};

export interface Case {
  env?: NodeJS.ProcessEnv;
  uid?: number;
  image?: { width: number; height: number };
  program?: Program;
  /** Changes the recorded folder. */
  change?: (root: string) => void;
  machine?: (root: string) => Machine;
}

export async function findingsOf(files: Files, given: Case = {}): Promise<Finding[]> {
  const root = record(files);
  given.change?.(root);
  const { env = { HOME: '/root' }, uid = ME } = given;
  const machine = given.machine?.(root) ?? new Machine({ root, env, uid });
  try {
    return await examine(machine, given.program ?? program, shippedModel(), given.image ?? IMAGE);
  } finally {
    machine.close();
  }
}

/** Findings as `level value`, by name. */
export async function lines(files: Files, given?: Case): Promise<Record<string, string>> {
  const findings = await findingsOf(files, given);
  return Object.fromEntries(findings.map(({ name, level, value }) => [name, `${level} ${value}`]));
}

/** The names of those of a level. */
export async function namesOf(level: string, files: Files, given?: Case): Promise<string[]> {
  return (await findingsOf(files, given))
    .filter((finding) => finding.level === level)
    .map(({ name }) => name);
}

export async function finding(name: string, files: Files, given?: Case): Promise<Finding | undefined> {
  return (await findingsOf(files, given)).find((found) => found.name === name);
}

export const NANO: Files = HOSTS['Orin Nano'];

export function without(files: Files, ...paths: readonly string[]): Files {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));
}
