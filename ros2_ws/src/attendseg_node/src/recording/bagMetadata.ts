import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { errorText } from '../errorText.js';
import { checkYamlDepth } from '../yamlDepth.js';
import { BagError } from './bag.js';

/** Larger ones are no metadata. */
const LIMIT = 2 ** 26;

/** Nanoseconds since 1970 do not fit a number. */
const nanoseconds = z.union([z.bigint(), z.int()]).transform(BigInt);

const schema = z.object({
  rosbag2_bagfile_information: z.object({
    relative_file_paths: z.array(z.string()),
    starting_time: z.object({ nanoseconds_since_epoch: nanoseconds }),
    duration: z.object({ nanoseconds }),
    topics_with_message_count: z.array(
      z.object({
        topic_metadata: z.object({
          name: z.string(),
          type: z.string(),
          // YAML within YAML up to version 8, a list from 9 on.
          offered_qos_profiles: z.unknown(),
        }),
        message_count: z.union([z.bigint(), z.int()]).transform(Number),
      }),
    ),
    compression_format: z.string().nullish(),
  }),
});

/** What metadata.yaml says of a recording. */
export interface BagMetadata {
  /** Its files, relative to the folder, in the order of recording. */
  readonly files: readonly string[];
  readonly span: { readonly start: bigint; readonly end: bigint } | undefined;
  readonly topics: readonly {
    readonly name: string;
    readonly type: string;
    readonly messages: number;
    readonly offeredQos: string;
  }[];
}

/**
 * Reads a folder's metadata.yaml. Source: rosbag2_storage/src/rosbag2_storage/metadata_io.cpp and its YAML conversions.
 * @returns undefined if there is none
 * @throws BagError for one that cannot be read
 */
export async function readMetadata(folder: string): Promise<BagMetadata | undefined> {
  const path = join(folder, 'metadata.yaml');
  const refuse = (cause: string): BagError =>
    new BagError(
      `bag ${folder}: ${path} cannot be used: ${cause}; write it anew with: ros2 bag reindex ${folder}`,
    );
  let text;
  try {
    const { size } = await stat(path);
    if (size > LIMIT) throw new Error(`it has ${size} bytes`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refuse(errorText(error));
  }
  let said;
  try {
    checkYamlDepth(text);
    said = schema.safeParse(parse(text, { intAsBigInt: true }));
  } catch (error) {
    throw refuse(errorText(error));
  }
  if (!said.success) {
    const [issue] = said.error.issues;
    throw refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const bag = said.data.rosbag2_bagfile_information;
  const format = bag.compression_format ?? '';
  if (format !== '' && format !== 'zstd')
    throw refuse(`it is compressed by ${JSON.stringify(format)}, not by zstd`);
  const start = bag.starting_time.nanoseconds_since_epoch;
  const topics = bag.topics_with_message_count.map(
    ({ topic_metadata: { name, type, offered_qos_profiles: qos }, message_count }) => ({
      name,
      type,
      messages: message_count,
      offeredQos:
        typeof qos === 'string' ? qos : Array.isArray(qos) && qos.length > 0 ? stringify(qos).trim() : '',
    }),
  );
  return {
    files: bag.relative_file_paths,
    span: topics.some(({ messages }) => messages > 0)
      ? { start, end: start + bag.duration.nanoseconds }
      : undefined,
    topics,
  };
}
