import { copyFile, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { errorText } from '../errorText.js';
import { type Bag, BagError, type BagMessage, type BagSelection, type BagTopic } from './bag.js';
import { type BagFile, PIECE_LIMIT } from './bagFile.js';
import { PrivateFolder } from './privateFolder.js';
import { Problems } from './problems.js';
import { TopicTable } from './topicTable.js';
import { loadZstd, unpackMessage } from './zstd.js';

type Row = Record<string, number | bigint | string | Uint8Array | null>;

/**
 * A SQLite file of rosbag2 as a bag; rows that cannot be read are noted and left out.
 *
 * The library puts a lock folder beside the file it opens, which fails in a read-only folder and stays behind a killed
 * process; it knows no `immutable` URI. So it gets a link to the file, in a folder of our own.
 */
export class SqliteBag implements Bag {
  readonly span: Bag['span'];
  readonly #database: sqlite.Database;
  /** One row, as long as its message is not too long. */
  readonly #message: sqlite.Statement;
  readonly #table: TopicTable;
  readonly #problems: Problems;
  readonly #topics = new Map<number, { readonly topic: BagTopic; readonly format: string }>();

  private constructor(
    readonly path: string,
    problems: Problems,
    database: sqlite.Database,
  ) {
    this.#problems = problems;
    this.#database = database;
    this.#table = new TopicTable(path, problems);
    const counts = this.#counts();
    for (const row of this.#rows('SELECT * FROM topics')) {
      // Before version 4 there was no column for the quality of service.
      const { id, name, type, serialization_format: format, offered_qos_profiles: qos } = row;
      if (typeof id !== 'number' || typeof name !== 'string' || typeof type !== 'string') continue;
      const topic = this.#table.add(name, type, text(qos), counts && (counts.get(id) ?? 0));
      this.#topics.set(id, { topic, format: text(format) });
    }
    this.span = this.#readSpan();
    // Last: it would outlive a database that is refused above.
    this.#message = database.prepare(
      'SELECT topic_id, timestamp, length(data) AS bytes, CASE WHEN length(data) <= ? THEN data END AS data FROM messages WHERE id = ?',
    );
  }

  /**
   * @param file open while this runs; its name is for people
   * @param path where the file lies
   * @throws BagError for a file that is none of rosbag2's
   */
  static async open(file: BagFile, path: string, problems = new Problems()): Promise<SqliteBag> {
    await loadZstd();
    const folder = await PrivateFolder.make();
    let database: sqlite.Database | undefined;
    try {
      const link = join(folder.path, 'bag.db3');
      await symlink(resolve(path), link);
      // What a killed recorder did not bring into the file yet. SQLite writes to it when it closes: a copy.
      const hasLog = (await sizeOf(`${path}-wal`)) > 0;
      if (hasLog) await copyFile(`${path}-wal`, `${link}-wal`);
      const missing = hasLog ? undefined : await missingBytes(file);
      if ((await sizeOf(`${path}-journal`)) > 0) {
        problems.add(
          `${file.path}: the recording was broken off (${path}-journal is left of it); the last messages may be damaged`,
        );
      }
      database = new sqlite.Database(link, { readOnly: true });
      // A log beside the file is then read without shared memory, which the library lacks.
      database.exec('PRAGMA locking_mode = EXCLUSIVE');
      if (missing !== undefined) {
        problems.add(
          `${file.path}, byte ${file.size}: the file is cut there: ${missing} bytes are missing; what is left is read, its last message may be incomplete`,
        );
        // SQLite refuses a cut file otherwise; nothing can be written here.
        database.exec('PRAGMA writable_schema = ON');
      }
      // Damaged bytes must not become statements.
      database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0');
      const bag = new SqliteBag(file.path, problems, database);
      // It holds the file and its lock by now, and goes without their names: nothing is left behind a killed process.
      await folder.remove();
      return bag;
    } catch (error) {
      database?.close();
      await folder.remove();
      throw new BagError(
        `bag ${file.path}: is SQLite, but cannot be read as a rosbag2 recording: ${errorText(error)}; give a .db3 file that ros2 bag recorded`,
      );
    }
  }

  get problems(): readonly string[] {
    return this.#problems.lines;
  }

  get topics(): readonly BagTopic[] {
    return this.#table.topics;
  }

  /** In the order of time and then of rows, one row at a time. */
  async *messages({ topics, from, until }: BagSelection = {}): AsyncGenerator<BagMessage, void, void> {
    const ids = [...this.#topics]
      .filter(([, { topic }]) => topics?.includes(topic.name) ?? true)
      .map(([id]) => id);
    for (const id of this.#order(ids, from, until)) {
      const message = this.#read(id);
      if (message === undefined) continue;
      // The database is read synchronously: others get their turn.
      await new Promise(setImmediate);
      yield message;
    }
  }

  close(): Promise<void> {
    if (this.#database.isOpen) {
      finalize(this.#message);
      this.#database.close();
    }
    return Promise.resolve();
  }

  /** Ids of rows as they are to be read; if the way by time is damaged, the rest in the order of rows. */
  *#order(ids: readonly number[], from = 0n, until = 2n ** 63n - 1n): Generator<number | bigint, void, void> {
    const where = `FROM messages NOT INDEXED WHERE topic_id IN (${ids.join()}) AND timestamp >= ? AND timestamp < ?`;
    const seen = new Set<number | bigint>();
    const done = (id: unknown): id is number | bigint =>
      (typeof id === 'number' || typeof id === 'bigint') && !seen.has(id);
    try {
      const byTime = where.replace(' NOT INDEXED', '');
      for (const { id } of this.#rows(`SELECT id ${byTime} ORDER BY timestamp, id`, [from, until])) {
        if (!done(id)) continue;
        seen.add(id);
        yield id;
      }
    } catch (error) {
      this.#problems.add(
        `${this.path}: the rows cannot be read in the order of time: ${errorText(error)}; the rest follow in the order of rows`,
      );
      let last: number | bigint = 0;
      try {
        for (const { id } of this.#rows(`SELECT id ${where} ORDER BY id`, [from, until])) {
          if (!done(id)) continue;
          last = id;
          yield id;
        }
      } catch (second) {
        this.#problems.add(
          `${this.path}, behind row ${String(last)}: ${errorText(second)}; the rows behind it are left out`,
        );
      }
    }
  }

  #read(id: number | bigint): BagMessage | undefined {
    const where = `${this.path}, row ${String(id)}`;
    try {
      const row = this.#message.get([PIECE_LIMIT, id]) as Row | null;
      if (row === null) throw new Error('is gone');
      const { topic_id: of, timestamp, bytes, data } = row;
      const known = typeof of === 'number' ? this.#topics.get(of) : undefined;
      if (known === undefined) throw new Error(`is of topic ${String(of)}, which is described nowhere`);
      if (!(data instanceof Uint8Array)) throw new Error(`has ${String(bytes)} bytes that are no message`);
      if (typeof timestamp !== 'number' && typeof timestamp !== 'bigint') throw new Error('has no time');
      if (!this.#table.isCdr(known.topic, known.format)) return undefined;
      return { topic: known.topic, time: BigInt(timestamp), data: unpackMessage(data), where };
    } catch (error) {
      this.#problems.add(`${where}: the message there cannot be read: ${errorText(error)}; it is left out`);
      return undefined;
    }
  }

  /** Messages of each topic; undefined where the table is damaged. */
  #counts(): Map<number, number> | undefined {
    try {
      const counts = new Map<number, number>();
      for (const { id, count } of this.#rows(
        'SELECT topic_id AS id, count(*) AS count FROM messages GROUP BY topic_id',
      )) {
        counts.set(Number(id), Number(count));
      }
      return counts;
    } catch (error) {
      this.#damaged(error);
      return undefined;
    }
  }

  #readSpan(): Bag['span'] {
    try {
      const [row] = this.#rows('SELECT min(timestamp) AS first, max(timestamp) AS last FROM messages');
      const { first, last } = row ?? {};
      const isTime = (time: unknown): time is number | bigint =>
        typeof time === 'number' || typeof time === 'bigint';
      return isTime(first) && isTime(last) ? { start: BigInt(first), end: BigInt(last) } : undefined;
    } catch (error) {
      this.#damaged(error);
      return undefined;
    }
  }

  #damaged(error: unknown): void {
    this.#problems.add(
      `${this.path}: its messages cannot all be found: ${errorText(error)}; those that can are read`,
    );
  }

  /** @throws SQLite's error, also in the midst of rows */
  *#rows(sql: string, values: (number | bigint)[] = []): Generator<Row, void, void> {
    const statement = this.#database.prepare(sql);
    try {
      for (const row of statement.iterate(values)) yield row as Row;
    } finally {
      finalize(statement);
    }
  }
}

/** A statement that failed says so once more when it ends, which nobody needs to hear. */
function finalize(statement: sqlite.Statement): void {
  try {
    statement.finalize();
  } catch {
    // It is gone all the same.
  }
}

/** How much shorter a file is than its header says. Source: https://www.sqlite.org/fileformat.html, 1.3. */
async function missingBytes(file: BagFile): Promise<number | undefined> {
  if (file.size < 100) return undefined;
  const header = await file.read(0, 100);
  const page = header.readUInt16BE(16);
  const bytes = (page === 1 ? 65536 : page) * header.readUInt32BE(28);
  // Older versions of SQLite leave the number of pages as it was.
  const isValid = header.readUInt32BE(24) === header.readUInt32BE(92);
  return isValid && bytes > file.size ? bytes - file.size : undefined;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
