import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { errorText } from '../../errorText.js';
import { type Machine, runProgram } from './machine.js';

const backendList = z.array(z.object({ name: z.string() }));
const LIST_BACKENDS = fileURLToPath(new URL('../../inference/listBackends.js', import.meta.url));

/** What the doctor asks of the installed program itself. */
export interface Program {
  /** config/fastdds.xml, as it is installed. */
  readonly fastDdsProfile: string;
  readonly nodeVersion: string;
  /** The folder of an npm package that the program uses; undefined if it is not there. */
  folderOf(name: string): Promise<string | undefined>;
  /** Names of the providers that onnxruntime-node knows. @throws Error if it cannot be loaded */
  backends(): Promise<string[]>;
}

/** The program that this file belongs to. */
export function thisProgram(machine: Machine): Program {
  const searched = createRequire(import.meta.url).resolve.paths('attendseg') ?? [];
  return {
    fastDdsProfile: fileURLToPath(new URL('../../../config/fastdds.xml', import.meta.url)),
    nodeVersion: process.versions.node,
    async folderOf(name) {
      for (const modules of searched) {
        const folder = `${modules}/${name}`;
        if ((await machine.stat(`${folder}/package.json`)).value !== undefined) return folder;
      }
      return undefined;
    },
    async backends() {
      // In a process of its own: a library that is missing or broken ends it, and not the doctor.
      const { value, code } = await runProgram(process.execPath, [LIST_BACKENDS], machine.env, 30_000);
      if (value === undefined) throw new Error(`its list cannot be had (${code})`);
      if (value.exitCode === 0) return backendList.parse(JSON.parse(value.stdout)).map(({ name }) => name);
      const [, why] = /^(?:\w*Error): (.*)$/m.exec(value.stderr) ?? [];
      throw new Error(why ?? (errorText(value.stderr) || `its process ended with ${String(value.exitCode)}`));
    },
  };
}
