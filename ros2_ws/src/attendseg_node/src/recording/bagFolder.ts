import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../errorText.js';
import { type Bag, BagError, type BagMessage, type BagSelection, type BagTopic } from './bag.js';
import { BagFile } from './bagFile.js';
import { readMetadata } from './bagMetadata.js';
import { openFile } from './openFile.js';
import { Problems } from './problems.js';
import { TopicTable } from './topicTable.js';

/** What the files of recordings are called; their content tells what they are. */
const NAMED = /\.(mcap|db3)(\.zstd)?$/;

/** A recording of several files, of which one is open at a time. A file that cannot be read is noted, and the next one is. */
export class BagFolder implements Bag {
  readonly #table: TopicTable;
  readonly #problems: Problems;

  private constructor(
    readonly path: string,
    /** In the order of recording. */
    readonly files: readonly string[],
    readonly span: Bag['span'],
    problems: Problems,
  ) {
    this.#problems = problems;
    this.#table = new TopicTable(path, problems);
  }

  /** @throws BagError if none of its files can be read */
  static async open(path: string): Promise<BagFolder> {
    const metadata = await readMetadata(path);
    const problems = new Problems();
    if (metadata === undefined) {
      return BagFolder.#withoutMetadata(path, await namedFiles(path), problems);
    }
    const files = await readable(
      metadata.files.map((file) => join(path, file)),
      problems,
    );
    if (files.length === 0) throw nothing(path, problems.lines[0] ?? 'its metadata.yaml lists no files');
    const folder = new BagFolder(path, files, metadata.span, problems);
    for (const topic of metadata.topics) {
      folder.#table.add(topic.name, topic.type, topic.offeredQos, topic.messages);
    }
    return folder;
  }

  /** Every file is opened once for its topics. */
  static async #withoutMetadata(
    path: string,
    names: readonly string[],
    problems: Problems,
  ): Promise<BagFolder> {
    if (names.length === 0) throw nothing(path, 'it has neither metadata.yaml nor .mcap or .db3 files');
    problems.add(`${path}: there is no metadata.yaml, so its files are read by the order of their names`);
    const readableFiles: string[] = [];
    const spans: NonNullable<Bag['span']>[] = [];
    const topics: BagTopic[] = [];
    for (const name of names) {
      try {
        const bag = await openFile(join(path, name));
        readableFiles.push(join(path, name));
        topics.push(...bag.topics);
        if (bag.span !== undefined) spans.push(bag.span);
        await bag.close();
      } catch (error) {
        problems.add(`${errorText(error)}; it is left out`);
      }
    }
    if (readableFiles.length === 0) throw nothing(path, problems.lines[1] ?? '');
    const span =
      spans.length === 0
        ? undefined
        : {
            start: spans.map(({ start }) => start).reduce((a, b) => (b < a ? b : a)),
            end: spans.map(({ end }) => end).reduce((a, b) => (b > a ? b : a)),
          };
    const folder = new BagFolder(path, readableFiles, span, problems);
    for (const { name, type, offeredQos, messages } of topics)
      folder.#table.add(name, type, offeredQos, messages);
    return folder;
  }

  get problems(): readonly string[] {
    return this.#problems.lines;
  }

  get topics(): readonly BagTopic[] {
    return this.#table.topics;
  }

  async *messages(selection: BagSelection = {}): AsyncGenerator<BagMessage, void, void> {
    for (const file of this.files) {
      let bag;
      try {
        bag = await openFile(file);
      } catch (error) {
        this.#problems.add(`${errorText(error)}; it is left out`);
        continue;
      }
      try {
        for await (const message of bag.messages(selection)) {
          yield { ...message, topic: this.#table.of(message.topic) };
        }
      } finally {
        for (const problem of bag.problems) this.#problems.add(problem);
        await bag.close();
      }
    }
  }

  /** Files are open only while their messages are read. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function nothing(path: string, cause: string): BagError {
  return new BagError(
    `bag ${path}: nothing in it can be read: ${cause}; give a folder that ros2 bag recorded`,
  );
}

async function namedFiles(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => NAMED.test(name)).sort(byNumber);
  } catch (error) {
    throw nothing(path, errorText(error));
  }
}

/** `bag_10` comes behind `bag_9`. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Those that are bags by their first bytes; the others are noted. */
async function readable(paths: readonly string[], problems: Problems): Promise<string[]> {
  const result: string[] = [];
  for (const path of paths) {
    try {
      await (await BagFile.open(path)).close();
      result.push(path);
    } catch (error) {
      problems.add(`${errorText(error)}; it is left out`);
    }
  }
  return result;
}
