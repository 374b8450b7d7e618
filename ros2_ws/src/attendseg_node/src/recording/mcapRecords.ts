import { crc32 } from 'node:zlib';
import { PIECE_LIMIT } from './bagFile.js';
import { unpackLz4 } from './lz4.js';
import { unpackZstd } from './zstd.js';

/**
 * Records of an MCAP file as far as messages need them, as views into the file's bytes: @mcap/core copies each message
 * three times. Source: the MCAP specification, https://mcap.dev/spec. All that is wrong is thrown as an Error.
 */

/** Opcodes. */
export const OP = {
  header: 1,
  footer: 2,
  schema: 3,
  channel: 4,
  message: 5,
  chunk: 6,
  dataEnd: 15,
  /** From here on they are private to whoever wrote them, and to be skipped. */
  private: 128,
} as const;

/** Opcode and length in front of a record's content. */
export const RECORD_HEAD = 9;

/** A record between two offsets of some bytes: its content. */
export interface McapRecord {
  readonly opcode: number;
  readonly start: number;
  readonly end: number;
}

export interface Channel {
  readonly id: number;
  readonly schemaId: number;
  readonly topic: string;
  readonly messageEncoding: string;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface Schema {
  readonly id: number;
  readonly name: string;
}

/** The records that follow each other in these bytes to their end. */
export function* recordsIn(bytes: Buffer): Generator<McapRecord, void, void> {
  let at = 0;
  while (at < bytes.length) {
    if (at + RECORD_HEAD > bytes.length) throw new Error(`breaks off in a record at byte ${at} of it`);
    const start = at + RECORD_HEAD;
    const end = start + Number(bytes.readBigUInt64LE(at + 1));
    if (end > bytes.length) throw new Error(`has a record at byte ${at} of it that is longer than the rest`);
    yield { opcode: bytes[at]!, start, end };
    at = end;
  }
}

export function readSchema(content: Buffer): Schema {
  const fields = new Fields(content);
  return { id: fields.uint16(), name: fields.text() };
}

export function readChannel(content: Buffer): Channel {
  const fields = new Fields(content);
  const id = fields.uint16();
  const schemaId = fields.uint16();
  const topic = fields.text();
  const messageEncoding = fields.text();
  const map = new Fields(fields.bytes(fields.uint32()));
  const metadata = new Map<string, string>();
  while (!map.isAtEnd) metadata.set(map.text(), map.text());
  return { id, schemaId, topic, messageEncoding, metadata };
}

/** Bytes of a message's content in front of its data. */
const MESSAGE_HEAD = 22;

/** A message of a chunk, and where its data lies. */
export interface StoredMessage {
  readonly channel: number;
  readonly time: bigint;
  readonly start: number;
  readonly end: number;
}

export function readMessage(bytes: Buffer, { start, end }: McapRecord): StoredMessage {
  if (end - start < MESSAGE_HEAD) throw new Error('has a message that is too short');
  return {
    channel: bytes.readUInt16LE(start),
    time: bytes.readBigUInt64LE(start + 6),
    start: start + MESSAGE_HEAD,
    end,
  };
}

/** The records in a chunk's content, unpacked and checked against its CRC, where it has one. */
export function unpackChunk(content: Buffer): Buffer {
  const fields = new Fields(content);
  fields.bytes(16);
  const size = fields.uint64();
  const crc = fields.uint32();
  const compression = fields.text();
  const packed = fields.bytes(fields.uint64());
  if (size > PIECE_LIMIT) {
    throw new Error(`claims to unpack to ${size} bytes; at most ${PIECE_LIMIT} are unpacked at once`);
  }
  const records = asBuffer(unpack(packed, compression, size));
  if (records.length !== size) throw new Error(`has ${records.length} bytes, not ${size}`);
  if (crc !== 0 && crc32(records) !== crc) throw new Error('does not match its checksum (CRC)');
  return records;
}

function unpack(packed: Buffer, compression: string, size: number): Uint8Array {
  switch (compression) {
    case '':
      return packed;
    case 'lz4':
      return unpackLz4(packed, size);
    case 'zstd':
      return unpackZstd(packed, size);
    default:
      throw new Error(
        `is compressed by ${JSON.stringify(compression.slice(0, 32))}, which is neither lz4 nor zstd`,
      );
  }
}

/** @returns a view */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The fields of one record, in its order; little endian. */
class Fields {
  #at = 0;

  constructor(readonly content: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at === this.content.length;
  }

  uint16(): number {
    return this.bytes(2).readUInt16LE();
  }

  uint32(): number {
    return this.bytes(4).readUInt32LE();
  }

  uint64(): number {
    return Number(this.bytes(8).readBigUInt64LE());
  }

  text(): string {
    return this.bytes(this.uint32()).toString('utf8');
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.content.length) throw new Error('has a field that is longer than its record');
    const bytes = this.content.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
