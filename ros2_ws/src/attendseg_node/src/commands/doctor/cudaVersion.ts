import { z } from 'zod';
import type { Machine } from './machine.js';

const versionFile = z.object({ cuda: z.object({ version: z.string() }) });

/** The version of CUDA, from the file that it brings along, or from the name of its folder. */
export async function cudaVersion(machine: Machine): Promise<string | undefined> {
  const text = (await machine.readText('/usr/local/cuda/version.json')).value;
  try {
    if (text !== undefined) return versionFile.parse(JSON.parse(text)).cuda.version;
  } catch {
    // Cut short or of another form: the folder's name tells less, but enough.
  }
  const folders = (await machine.list('/usr/local')).value ?? [];
  const versions = folders.flatMap((name) => /^cuda-(\d+\.\d+)$/.exec(name)?.[1] ?? []);
  return versions.sort((a, b) => Number(b) - Number(a))[0];
}
