import { McapIndexedReader } from '@mcap/core';
import { crc32 } from 'node:zlib';
import { errorText } from '../errorText.js';
import { type BagFile, ForwardReader } from './bagFile.js';
import {
  type Channel,
  OP,
  readChannel,
  readMessage,
  readSchema,
  RECORD_HEAD,
  recordsIn,
  type Schema,
  unpackChunk,
} from './mcapRecords.js';
import type { Problems } from './problems.js';

/** A chunk of an MCAP file, or some messages outside of chunks that follow each other. */
export interface Piece {
  readonly isChunk: boolean;
  /** Of its first record. */
  readonly offset: number;
  /** Of all its records. */
  readonly length: number;
  readonly start: bigint;
  readonly end: bigint;
  /** Whose messages it has, where that is known. */
  readonly channels: ReadonlySet<number> | undefined;
}

/** Where the messages of an MCAP file are. */
export interface McapIndex {
  readonly pieces: readonly Piece[];
  readonly channels: ReadonlyMap<number, Channel>;
  readonly schemas: ReadonlyMap<number, Schema>;
  /** Messages of each channel, where the file says so. */
  readonly counts: ReadonlyMap<number, number> | undefined;
}

const MAGIC = 8;
/** The footer's content, and the footer with the magic behind it. */
const FOOTER = 20;
const TAIL = RECORD_HEAD + FOOTER + MAGIC;

/** The file's own summary if it has a good one; if not, all of the file is looked through. */
export async function indexMcap(file: BagFile, problems: Problems): Promise<McapIndex> {
  try {
    const index = (await hasSummary(file)) ? await fromSummary(file) : undefined;
    if (index !== undefined) return index;
  } catch (error) {
    problems.add(
      `${file.path}: its summary cannot be used: ${errorText(error)}; the file is looked through instead`,
    );
  }
  return new Scan(file, problems).run();
}

async function hasSummary(file: BagFile): Promise<boolean> {
  if (file.size < MAGIC + TAIL) return false;
  const tail = await file.read(file.size - TAIL, TAIL);
  const magic = await file.read(0, MAGIC);
  return (
    tail[0] === OP.footer && tail.subarray(-MAGIC).equals(magic) && tail.readBigUInt64LE(RECORD_HEAD) !== 0n
  );
}

/** @returns undefined where it does not lead to all messages */
async function fromSummary(file: BagFile): Promise<McapIndex | undefined> {
  const reader = await McapIndexedReader.Initialize({
    readable: {
      size: () => Promise.resolve(BigInt(file.size)),
      read: (offset, size) => file.read(Number(offset), Number(size)),
    },
  });
  const { statistics, chunkIndexes } = reader;
  // Messages may stand outside of chunks, and then no index leads to them.
  if (statistics === undefined || statistics.chunkCount !== chunkIndexes.length) return undefined;
  if (chunkIndexes.length === 0 && statistics.messageCount > 0n) return undefined;
  return {
    pieces: chunkIndexes.map((chunk) => ({
      isChunk: true,
      offset: Number(chunk.chunkStartOffset),
      length: Number(chunk.chunkLength),
      start: chunk.messageStartTime,
      end: chunk.messageEndTime,
      channels: chunk.messageIndexOffsets.size > 0 ? new Set(chunk.messageIndexOffsets.keys()) : undefined,
    })),
    channels: reader.channelsById,
    schemas: reader.schemasById,
    counts: new Map([...statistics.channelMessageCounts].map(([id, count]) => [id, Number(count)])),
  };
}

/** Bytes of messages outside of chunks that are read at once, if one alone is not longer. */
const RUN = 2 ** 20;

/** Finds the messages of a file without a summary: all that comes before what cannot be read. */
class Scan {
  readonly #pieces: Piece[] = [];
  readonly #channels = new Map<number, Channel>();
  readonly #schemas = new Map<number, Schema>();
  readonly #counts = new Map<number, number>();
  #crc = 0;
  #isDamaged = false;

  constructor(
    readonly file: BagFile,
    readonly problems: Problems,
  ) {}

  async run(): Promise<McapIndex> {
    const { file } = this;
    const before = this.problems.lines.length;
    const reader = new ForwardReader(file);
    this.#crc = crc32(await reader.bytes(0, MAGIC));
    let at = MAGIC;
    let hasFooter = false;
    while (!hasFooter) {
      if (at + RECORD_HEAD > file.size) {
        this.#problem(
          at,
          'the file ends without a footer: the recording was cut there; what stands before it is read',
        );
        break;
      }
      const head = await reader.bytes(at, RECORD_HEAD);
      const opcode = head[0]!;
      const length = Number(head.readBigUInt64LE(1));
      const end = at + RECORD_HEAD + length;
      if (end > file.size) {
        this.#problem(
          at,
          `a record claims ${length} bytes, but the file ends at byte ${file.size}: it is cut or damaged there; what stands before it is read`,
        );
        break;
      }
      try {
        await this.#record(reader, opcode, at, end);
      } catch (error) {
        this.#problem(
          at,
          `${opcode === OP.chunk ? 'the chunk' : 'the record'} there ${errorText(error)}; it is left out`,
        );
      }
      // Over all of the file up to the record that has the sum.
      for (let from = at; from < end; from += ForwardReader.AHEAD) {
        this.#crc = crc32(await reader.bytes(from, Math.min(ForwardReader.AHEAD, end - from)), this.#crc);
      }
      hasFooter = opcode === OP.footer;
      at = end;
    }
    if (hasFooter && file.size - at !== MAGIC) {
      this.#problem(
        at,
        `${file.size - at} bytes stand behind the footer, not ${MAGIC}: the file is damaged there`,
      );
    }
    // What is damaged is known by now if it is a chunk; messages outside of chunks have no checksum of their own.
    if (this.#isDamaged && this.problems.lines.length === before) {
      this.problems.add(
        `${file.path}: does not match its checksum (CRC): some bytes before byte ${at} are damaged, and it is not known which`,
      );
    }
    return { pieces: this.#pieces, channels: this.#channels, schemas: this.#schemas, counts: this.#counts };
  }

  async #record(reader: ForwardReader, opcode: number, at: number, end: number): Promise<void> {
    const content = async (): Promise<Buffer> => (await reader.bytes(at, end - at)).subarray(RECORD_HEAD);
    switch (opcode) {
      case OP.schema:
      case OP.channel:
        this.#describe(opcode, await content());
        break;
      case OP.message: {
        // Its data is not looked at before it is asked for.
        const bytes = await reader.bytes(at + RECORD_HEAD, Math.min(end - at - RECORD_HEAD, 64));
        const { channel, time } = readMessage(bytes, { opcode, start: 0, end: bytes.length });
        this.#count(channel);
        this.#addLoose(at, end, channel, time);
        break;
      }
      case OP.chunk:
        this.#addChunk(at, end, unpackChunk(await content()));
        break;
      case OP.dataEnd: {
        const sum = (await content()).readUInt32LE();
        if (sum !== 0 && sum !== this.#crc) {
          this.#isDamaged = true;
        }
        break;
      }
      default:
        if (opcode === 0 || (opcode > OP.dataEnd && opcode < OP.private)) {
          throw new Error(`is of an unknown kind (${opcode})`);
        }
    }
  }

  #describe(opcode: number, content: Buffer): void {
    if (opcode === OP.schema) {
      const schema = readSchema(content);
      this.#schemas.set(schema.id, schema);
    } else {
      const channel = readChannel(content);
      this.#channels.set(channel.id, channel);
    }
  }

  #addChunk(offset: number, end: number, records: Buffer): void {
    const channels = new Set<number>();
    let first: bigint | undefined;
    let last = 0n;
    for (const record of recordsIn(records)) {
      if (record.opcode === OP.schema || record.opcode === OP.channel) {
        this.#describe(record.opcode, records.subarray(record.start, record.end));
      }
      if (record.opcode !== OP.message) continue;
      const { channel, time } = readMessage(records, record);
      channels.add(channel);
      this.#count(channel);
      if (first === undefined || time < first) first = time;
      if (time > last) last = time;
    }
    if (first === undefined) return;
    this.#pieces.push({ isChunk: true, offset, length: end - offset, start: first, end: last, channels });
  }

  #addLoose(offset: number, end: number, channel: number, time: bigint): void {
    const before = this.#pieces.at(-1);
    const follows =
      before?.isChunk === false &&
      before.offset + before.length === offset &&
      end - before.offset <= RUN &&
      time >= before.end;
    if (follows) {
      this.#pieces[this.#pieces.length - 1] = {
        ...before,
        length: end - before.offset,
        end: time,
        channels: before.channels?.has(channel) ? before.channels : new Set([...before.channels!, channel]),
      };
    } else {
      const channels = new Set([channel]);
      this.#pieces.push({ isChunk: false, offset, length: end - offset, start: time, end: time, channels });
    }
  }

  #count(channel: number): void {
    this.#counts.set(channel, (this.#counts.get(channel) ?? 0) + 1);
  }

  #problem(at: number, what: string): void {
    this.problems.add(`${this.file.path}, byte ${at}: ${what}`);
  }
}
