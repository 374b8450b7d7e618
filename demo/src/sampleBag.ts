import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { addExample, needs } from '#commands/commandLine.js';
import { sizeOption, text, whole, type Size } from '#commands/optionValues.js';
import { BagWriter, type BagCompression } from '#recording/bagWriter.js';
import { SampleSqlite } from './sampleSqlite.js';
import { SAMPLE_QOS, SAMPLE_TOPICS, sampleFrames, type SampleKey } from './sampleMessages.js';

interface SampleBagOptions {
  readonly out: string;
  readonly frames: number;
  readonly size: Size;
  readonly seed: number;
}

const RAW: readonly SampleKey[] = ['image', 'info', 'labels'];
const PACKED: readonly SampleKey[] = ['jpeg', 'info', 'labels'];

/** The MCAP files: name, how its chunks are packed, and its topics. */
const FILES: readonly (readonly [name: string, compression: BagCompression, keys: readonly SampleKey[]])[] = [
  ['street.mcap', 'none', RAW],
  ['street_zstd.mcap', 'zstd', RAW],
  ['street_jpeg.mcap', 'none', PACKED],
];
/** The bag of sqlite3, a folder. */
const SQLITE = 'street_sqlite';

/** A bag in the making. */
interface Sample {
  readonly keys: readonly SampleKey[];
  write(key: SampleKey, time: bigint, data: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/**
 * `sample-bag`: one drive through the synthetic street with its true labels in each format of bags.
 * @param ended aborted by a signal, with the exit code as its reason
 */
export function addSampleBagCommand(
  program: Command,
  ended: AbortSignal,
  done: (code: number) => void,
): void {
  const command = addExample(program.command('sample-bag'), 'npm run sample-bag -- --out bags --frames 50')
    .description('write bags of the synthetic street with its true labels: MCAP and sqlite3, raw and JPEG')
    .option('--out <dir>', 'where the bags go', text)
    .option('--frames <n>', 'pictures, ten a second', whole(1, 100_000), 20)
    .addOption(sizeOption('--size <WxH>', 'of the pictures', '320x240'))
    .option('--seed <n>', 'of the street', whole(0, 2 ** 32 - 1), 7)
    .action(async (options: SampleBagOptions) => {
      needs(command, 'out');
      const written = await writeSamples(options, ended);
      if (!written) done(ended.reason as number);
      else for (const path of written) console.log(path);
    });
}

/** @returns the bags; undefined, and nothing is left of them, if it was ended before */
async function writeSamples(
  { out, frames, size, seed }: SampleBagOptions,
  ended: AbortSignal,
): Promise<string[] | undefined> {
  mkdirSync(out, { recursive: true });
  const paths = [...FILES.map(([name]) => name), SQLITE].map((name) => join(out, name));
  const taken = paths.find((path) => existsSync(path));
  if (taken !== undefined)
    throw new Error(`${taken} is there already; move it, or give another folder to --out`);
  const samples: Sample[] = [];
  try {
    for (const [name, compression, keys] of FILES)
      samples.push(await mcapSample(join(out, name), compression, keys));
    samples.push(new SampleSqlite(join(out, SQLITE), RAW));
    for await (const { time, messages } of sampleFrames(frames, size, seed)) {
      if (ended.aborted) break;
      for (const sample of samples)
        for (const key of sample.keys) await sample.write(key, time, messages[key]);
    }
    if (ended.aborted) return undefined;
    for (const sample of samples) await sample.close();
    return paths;
  } finally {
    for (const sample of samples) await sample.abort();
  }
}

async function mcapSample(
  path: string,
  compression: BagCompression,
  keys: readonly SampleKey[],
): Promise<Sample> {
  const bag = await BagWriter.create(path, { compression });
  const channels = new Map(
    await Promise.all(
      keys.map(async (key) => {
        const { name, type } = SAMPLE_TOPICS[key];
        return [key, await bag.topic(name, type, { qos: SAMPLE_QOS })] as const;
      }),
    ),
  );
  return {
    keys,
    write: (key, time, data) => channels.get(key)!.write(time, data),
    close: () => bag.close(),
    abort: () => bag.abort(),
  };
}
