import sqlite from 'node-sqlite3-wasm';

/** A bag of rosbag2_storage_sqlite3 with one topic, /a, and these messages, one a nanosecond, in pages of so many bytes. */
export function writeSqliteBag(
  path: string,
  page: number,
  type: string,
  messages: readonly Uint8Array[],
): void {
  const file = new sqlite.Database(path);
  file.exec(`PRAGMA page_size = ${page}; PRAGMA journal_mode = OFF;
    CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT, offered_qos_profiles TEXT);
    CREATE TABLE messages (id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);
    INSERT INTO topics VALUES (1, '/a', '${type}', 'cdr', '');`);
  for (const [i, data] of messages.entries())
    file.run('INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)', [i + 1, data]);
  file.close();
}
