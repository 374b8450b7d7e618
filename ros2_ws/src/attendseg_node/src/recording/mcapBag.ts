import { errorText } from '../errorText.js';
import type { Bag, BagMessage, BagSelection, BagTopic } from './bag.js';
import type { BagFile } from './bagFile.js';
import { indexMcap, type McapIndex, type Piece } from './mcapIndex.js';
import {
  type Channel,
  OP,
  readChannel,
  readMessage,
  RECORD_HEAD,
  recordsIn,
  type StoredMessage,
  unpackChunk,
} from './mcapRecords.js';
import { TopicTable } from './topicTable.js';
import { loadZstd, unpackMessage } from './zstd.js';
import { Problems } from './problems.js';

/** Bytes of pieces whose times overlap that are held to bring their messages into order. */
const HELD = 2 ** 28;

/** A piece in memory: its messages in the order of time, and which is next. */
interface Loaded {
  readonly piece: Piece;
  readonly bytes: Buffer;
  readonly messages: readonly StoredMessage[];
  next: number;
}

/** An MCAP file as a bag. A piece that cannot be read is noted, and the next one is read. */
export class McapBag implements Bag {
  readonly span: Bag['span'];
  readonly #table: TopicTable;
  readonly #problems: Problems;
  readonly #topics = new Map<number, BagTopic>();
  readonly #channels: Map<number, Channel>;
  readonly #unknown = new Set<number>();

  private constructor(
    readonly file: BagFile,
    readonly index: McapIndex,
    problems: Problems,
  ) {
    this.#problems = problems;
    this.#table = new TopicTable(file.path, problems);
    this.#channels = new Map(index.channels);
    for (const channel of index.channels.values()) {
      this.#addTopic(channel, index.counts === undefined ? undefined : (index.counts.get(channel.id) ?? 0));
    }
    const filled = index.pieces.filter(({ start, end }) => start > 0n || end > 0n);
    if (filled.length > 0) {
      const start = filled.map((piece) => piece.start).reduce((a, b) => (b < a ? b : a));
      const end = filled.map((piece) => piece.end).reduce((a, b) => (b > a ? b : a));
      this.span = { start, end };
    }
  }

  /** Takes the file over. */
  static async open(file: BagFile, problems = new Problems()): Promise<McapBag> {
    await loadZstd();
    return new McapBag(file, await indexMcap(file, problems), problems);
  }

  get path(): string {
    return this.file.path;
  }

  get problems(): readonly string[] {
    return this.#problems.lines;
  }

  get topics(): readonly BagTopic[] {
    return this.#table.topics;
  }

  /** In the order of time; pieces that overlap are held until it is clear what comes next. */
  async *messages({ topics, from, until }: BagSelection = {}): AsyncGenerator<BagMessage, void, void> {
    const isWanted = (topic: BagTopic): boolean => topics?.includes(topic.name) ?? true;
    // A channel that only a chunk describes is not known yet, so it counts as wanted here.
    const mayHave = (channel: number): boolean => {
      const topic = this.#topics.get(channel);
      return topic === undefined || isWanted(topic);
    };
    const pieces = this.index.pieces
      .filter(
        (piece) => (from === undefined || piece.end >= from) && (until === undefined || piece.start < until),
      )
      .filter((piece) => piece.channels === undefined || [...piece.channels].some(mayHave))
      .sort((a, b) => (a.start === b.start ? a.offset - b.offset : a.start < b.start ? -1 : 1));
    const isInTime = ({ time }: StoredMessage): boolean =>
      (from === undefined || time >= from) && (until === undefined || time < until);

    const held: Loaded[] = [];
    let bytes = 0;
    /** The earliest message held, if it comes before `time`. */
    const take = (time: bigint | undefined): BagMessage | undefined => {
      for (;;) {
        let first: Loaded | undefined;
        for (const loaded of held) {
          if (first === undefined || head(loaded).time < head(first).time) first = loaded;
        }
        if (first === undefined || (time !== undefined && head(first).time > time)) return undefined;
        const message = head(first);
        first.next++;
        if (first.next === first.messages.length) {
          held.splice(held.indexOf(first), 1);
          bytes -= first.bytes.length;
        }
        const result = this.#message(first, message);
        if (result !== undefined) return result;
      }
    };
    let isTooFar = false;
    for (const piece of pieces) {
      for (let message; (message = take(piece.start)) !== undefined;) yield message;
      while (bytes > HELD) {
        const message = take(undefined);
        if (message === undefined) break;
        if (!isTooFar) {
          isTooFar = true;
          this.#problems.add(
            `${this.path}, byte ${piece.offset}: too many chunks overlap in time; messages come out of order from here`,
          );
        }
        yield message;
      }
      const loaded = await this.#load(piece, (message, topic) => isInTime(message) && isWanted(topic));
      if (loaded === undefined) continue;
      held.push(loaded);
      bytes += loaded.bytes.length;
    }
    for (let message; (message = take(undefined)) !== undefined;) yield message;
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** The messages of a piece that are wanted; undefined if there are none, or it cannot be read, which is noted. */
  async #load(
    piece: Piece,
    isWanted: (message: StoredMessage, topic: BagTopic) => boolean,
  ): Promise<Loaded | undefined> {
    try {
      let bytes = await this.file.read(piece.offset, piece.length);
      if (piece.isChunk) bytes = unpackChunk(contentOfChunk(bytes));
      const messages: StoredMessage[] = [];
      for (const record of recordsIn(bytes)) {
        if (record.opcode === OP.channel) this.#learn(readChannel(bytes.subarray(record.start, record.end)));
        if (record.opcode !== OP.message) continue;
        const message = readMessage(bytes, record);
        const topic = this.#topicOf(message.channel, piece);
        if (topic !== undefined && isWanted(message, topic)) messages.push(message);
      }
      if (messages.length === 0) return undefined;
      messages.sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1));
      return { piece, bytes, messages, next: 0 };
    } catch (error) {
      const what = piece.isChunk ? 'the chunk' : 'what stands';
      this.#problems.add(
        `${this.path}, byte ${piece.offset}: ${what} there ${errorText(error)}; it is left out`,
      );
      return undefined;
    }
  }

  #message({ piece, bytes }: Loaded, { channel, time, start, end }: StoredMessage): BagMessage | undefined {
    const where = piece.isChunk
      ? `${this.path}, byte ${start} of the chunk at byte ${piece.offset}`
      : `${this.path}, byte ${piece.offset + start}`;
    try {
      return {
        topic: this.#topics.get(channel)!,
        time,
        data: unpackMessage(bytes.subarray(start, end)),
        where,
      };
    } catch (error) {
      this.#problems.add(`${where}: the message there ${errorText(error)}; it is left out`);
      return undefined;
    }
  }

  #topicOf(channel: number, piece: Piece): BagTopic | undefined {
    const topic = this.#topics.get(channel);
    if (topic !== undefined) {
      return this.#table.isCdr(topic, this.#channels.get(channel)!.messageEncoding) ? topic : undefined;
    }
    if (!this.#unknown.has(channel)) {
      this.#unknown.add(channel);
      this.#problems.add(
        `${this.path}, byte ${piece.offset}: messages of channel ${channel}, which is described nowhere, are left out`,
      );
    }
    return undefined;
  }

  /** A channel that the summary lacks. */
  #learn(channel: Channel): void {
    if (this.#channels.has(channel.id)) return;
    this.#channels.set(channel.id, channel);
    this.#addTopic(channel, undefined);
  }

  #addTopic({ id, topic, schemaId, metadata }: Channel, messages: number | undefined): void {
    const type = this.index.schemas.get(schemaId)?.name ?? '';
    this.#topics.set(id, this.#table.add(topic, type, metadata.get('offered_qos_profiles') ?? '', messages));
  }
}

function head(loaded: Loaded): StoredMessage {
  return loaded.messages[loaded.next]!;
}

/** The index may lead anywhere in a damaged file. */
function contentOfChunk(bytes: Buffer): Buffer {
  const [record] = recordsIn(bytes);
  if (record?.opcode !== OP.chunk || record.end !== bytes.length) {
    throw new Error('is none, though the summary names one');
  }
  return bytes.subarray(RECORD_HEAD);
}
