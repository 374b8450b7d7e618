import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import sqlite, { type Database, type Statement } from 'node-sqlite3-wasm';
import { stringify } from 'yaml';
import { messageDefinition } from '#recording/messageDefinitions.js';
import { SAMPLE_QOS, SAMPLE_TOPICS, type SampleKey } from './sampleMessages.js';

/** The tables as rosbag2 of Jazzy makes them, and what it calls that. */
const SCHEMA = `
CREATE TABLE schema(schema_version INTEGER PRIMARY KEY,ros_distro TEXT NOT NULL);
CREATE TABLE metadata(id INTEGER PRIMARY KEY,metadata_version INTEGER NOT NULL,metadata TEXT NOT NULL);
CREATE TABLE topics(id INTEGER PRIMARY KEY,name TEXT NOT NULL,type TEXT NOT NULL,serialization_format TEXT NOT NULL,offered_qos_profiles TEXT NOT NULL,type_description_hash TEXT NOT NULL);
CREATE TABLE message_definitions(id INTEGER PRIMARY KEY,topic_type TEXT NOT NULL,encoding TEXT NOT NULL,encoded_message_definition TEXT NOT NULL,type_description_hash TEXT NOT NULL);
CREATE TABLE messages(id INTEGER PRIMARY KEY,topic_id INTEGER NOT NULL,timestamp INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX timestamp_idx ON messages (timestamp ASC);
INSERT INTO schema (schema_version, ros_distro) VALUES (4, 'jazzy');
BEGIN;
`;
const METADATA_VERSION = 9;

const FOREVER = { sec: 9_223_372_036, nsec: 854_775_807 };
/** From version 9 of the metadata on, policies have names. */
const QOS_PROFILES = [
  {
    ...SAMPLE_QOS,
    deadline: FOREVER,
    lifespan: FOREVER,
    liveliness: 'automatic',
    liveliness_lease_duration: FOREVER,
    avoid_ros_namespace_conventions: false,
  },
];

/** Without anchors for what is written twice, as rosbag2 does it. */
function yaml(value: object): string {
  return stringify(value, { aliasDuplicateObjects: false });
}

/** A bag of sqlite3 as rosbag2 of Jazzy records it: a folder that has its name only when it is whole. */
export class SampleSqlite {
  readonly #folder: string;
  readonly #file: string;
  readonly #unfinished: string;
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #times: bigint[] = [];

  constructor(
    folder: string,
    readonly keys: readonly SampleKey[],
  ) {
    this.#folder = folder;
    this.#file = `${basename(folder)}_0.db3`;
    this.#unfinished = join(dirname(folder), `.${basename(folder)}.${process.pid}.part`);
    rmSync(this.#unfinished, { recursive: true, force: true });
    mkdirSync(this.#unfinished);
    this.#database = new sqlite.Database(join(this.#unfinished, this.#file));
    this.#database.exec(SCHEMA);
    for (const { name, type } of keys.map((key) => SAMPLE_TOPICS[key]))
      this.#database.run(
        `INSERT INTO topics (name, type, serialization_format, offered_qos_profiles, type_description_hash)
         VALUES (?, ?, 'cdr', ?, '')`,
        [name, type, yaml(QOS_PROFILES)],
      );
    for (const type of new Set(keys.map((key) => SAMPLE_TOPICS[key].type)))
      this.#database.run(
        `INSERT INTO message_definitions (topic_type, encoding, encoded_message_definition, type_description_hash)
         VALUES (?, 'ros2msg', ?, '')`,
        [type, messageDefinition(type)],
      );
    this.#insert = this.#database.prepare(
      'INSERT INTO messages (timestamp, topic_id, data) VALUES (?, ?, ?)',
    );
  }

  write(key: SampleKey, time: bigint, data: Uint8Array): Promise<void> {
    this.#insert.run([time, this.keys.indexOf(key) + 1, data]);
    this.#times.push(time);
    return Promise.resolve();
  }

  close(): Promise<void> {
    const metadata = this.#metadata();
    this.#database.run('INSERT INTO metadata (metadata_version, metadata) VALUES (?, ?)', [
      METADATA_VERSION,
      yaml(metadata),
    ]);
    this.#database.exec('COMMIT;');
    this.#release();
    writeFileSync(join(this.#unfinished, 'metadata.yaml'), yaml({ rosbag2_bagfile_information: metadata }));
    renameSync(this.#unfinished, this.#folder);
    return Promise.resolve();
  }

  /** Removes what was written; after close() it does nothing. */
  abort(): Promise<void> {
    this.#release();
    rmSync(this.#unfinished, { recursive: true, force: true });
    return Promise.resolve();
  }

  #release(): void {
    if (!this.#database.isOpen) return;
    this.#insert.finalize();
    this.#database.close();
  }

  /** All topics have a message each time. */
  #metadata(): object {
    const { keys } = this;
    const [start, end] = [this.#times[0]!, this.#times.at(-1)!];
    const span = {
      starting_time: { nanoseconds_since_epoch: start },
      duration: { nanoseconds: end - start },
      message_count: this.#times.length,
    };
    return {
      version: METADATA_VERSION,
      storage_identifier: 'sqlite3',
      ...span,
      topics_with_message_count: keys.map((key) => ({
        topic_metadata: {
          ...SAMPLE_TOPICS[key],
          serialization_format: 'cdr',
          offered_qos_profiles: QOS_PROFILES,
          type_description_hash: '',
        },
        message_count: this.#times.length / keys.length,
      })),
      compression_format: '',
      compression_mode: '',
      relative_file_paths: [this.#file],
      files: [{ path: this.#file, ...span }],
      custom_data: null,
      ros_distro: 'jazzy',
    };
  }
}
