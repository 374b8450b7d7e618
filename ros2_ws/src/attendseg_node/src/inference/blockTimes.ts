import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { errorText } from '../errorText.js';
import { ModelError } from './modelError.js';

/** The index of what `python -m attendseg_training.blocks` wrote. */
const INDEX = 'blocks.json';
const indexShape = z.object({
  size: z.tuple([z.int().positive(), z.int().positive()]),
  blocks: z.array(z.object({ file: z.string().regex(/^[\w-]+\.onnx$/) })).min(2),
});

/** What one of its files takes on this machine. */
export interface BlockTime {
  readonly file: string;
  /** Of one run, the median of `runs`. */
  readonly milliseconds: number;
}

/**
 * Measures all networks of a folder on the CPU, in `rounds` passes over all of them, so that a machine that becomes
 * slower meanwhile is no trait of the last ones.
 * @param folder that `python -m attendseg_training.blocks` wrote
 * @throws ModelError that names the file which cannot be read or run
 */
export async function blockTimes(
  folder: string,
  { threads, rounds, runs }: { readonly threads: number; readonly rounds: number; readonly runs: number },
  progress: (done: number, of: number) => void,
): Promise<BlockTime[]> {
  const { size, blocks } = readIndex(folder);
  const picture = new Tensor(
    'uint8',
    new Uint8Array(size[0] * size[1] * 3).map((_, i) => (i * 7) % 251),
    [...size, 3],
  );
  const times = new Map<string, number[]>(blocks.map(({ file }) => [file, []]));
  let done = 0;
  for (let round = 0; round < rounds; round++)
    for (const [file, measured] of times) {
      measured.push(...(await timeRuns(join(folder, file), picture, threads, runs)));
      progress(++done, rounds * times.size);
    }
  return [...times].map(([file, measured]) => ({ file, milliseconds: median(measured) }));
}

function readIndex(folder: string): z.infer<typeof indexShape> {
  const path = join(folder, INDEX);
  const remedy = 'give a folder that `python -m attendseg_training.blocks` wrote';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ModelError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); ${remedy}`);
  }
  try {
    return indexShape.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : errorText(error);
    throw new ModelError(`${path}: ${why}; ${remedy}`);
  }
}

/** The first run of a session is slower, and not among them. */
async function timeRuns(path: string, picture: Tensor, threads: number, runs: number): Promise<number[]> {
  let session: InferenceSession | undefined;
  try {
    session = await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
    });
    const feeds = { [session.inputNames[0]!]: picture };
    const fetches = [session.outputNames[0]!];
    const times: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const started = performance.now();
      await session.run(feeds, fetches);
      if (run > 0) times.push(performance.now() - started);
    }
    return times;
  } catch (error) {
    throw new ModelError(`${path}: cannot be run: ${errorText(error)}; write the folder again`);
  } finally {
    await session?.release();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
