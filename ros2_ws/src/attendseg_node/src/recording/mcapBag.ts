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
import { type Held, type LoadedPiece, TimeOrder } from './timeOrder.js';
import { TopicTable } from './topicTable.js';
import { loadZstd, unpackMessage } from './zstd.js';
import { Problems } from './problems.js';

/** Bytes of pieces whose times overlap that are held to bring their messages into order. */
const HELD = 2 ** 28;

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
  async *messages(selection: BagSelection = {}): AsyncGenerator<BagMessage, void, void> {
    const order = new TimeOrder();
    let read = 0;
    for (const piece of this.#piecesOf(selection)) {
      for (let held; (held = order.take(piece.start)) !== undefined; read++) yield* this.#messageOf(held);
      for (let held; order.bytes > HELD && (held = order.take()) !== undefined; read++) {
        if (held.message.time > piece.start) {
          this.#problems.add(
            `${this.path}: too many chunks overlap in time; some messages come out of order`,
          );
        }
        yield* this.#messageOf(held);
      }
      const loaded = await this.#load(piece, selection);
      if (loaded !== undefined) order.add(loaded);
    }
    for (let held; (held = order.take()) !== undefined; read++) yield* this.#messageOf(held);
    if (selection.topics === undefined && selection.from === undefined && selection.until === undefined) {
      this.#checkCount(read);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** Those that may have wanted messages, in the order of their first ones. */
  #piecesOf({ topics, from, until }: BagSelection): Piece[] {
    // A channel that only a chunk describes is not known yet.
    const mayHave = (channel: number): boolean => {
      const topic = this.#topics.get(channel);
      return topic === undefined || topics === undefined || topics.includes(topic.name);
    };
    return this.index.pieces
      .filter(
        ({ start, end }) => (from === undefined || end >= from) && (until === undefined || start < until),
      )
      .filter(({ channels }) => channels === undefined || [...channels].some(mayHave))
      .sort((a, b) => (a.start === b.start ? a.offset - b.offset : a.start < b.start ? -1 : 1));
  }

  /** The messages of a piece that are wanted; undefined if there are none, or it cannot be read, which is noted. */
  async #load(piece: Piece, { topics, from, until }: BagSelection): Promise<LoadedPiece | undefined> {
    try {
      let bytes = await this.file.read(piece.offset, piece.length);
      if (piece.isChunk) bytes = unpackChunk(contentOfChunk(bytes));
      const messages: StoredMessage[] = [];
      for (const record of recordsIn(bytes)) {
        if (record.opcode === OP.channel) this.#learn(readChannel(bytes.subarray(record.start, record.end)));
        if (record.opcode !== OP.message) continue;
        const message = readMessage(bytes, record);
        if ((from !== undefined && message.time < from) || (until !== undefined && message.time >= until))
          continue;
        const topic = this.#topicOf(message.channel, piece);
        if (topic !== undefined && (topics?.includes(topic.name) ?? true)) messages.push(message);
      }
      if (messages.length === 0) return undefined;
      messages.sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1));
      return { piece, bytes, messages };
    } catch (error) {
      const what = piece.isChunk ? 'the chunk' : 'what stands';
      this.#problems.add(
        `${this.path}, byte ${piece.offset}: ${what} there ${errorText(error)}; it is left out`,
      );
      return undefined;
    }
  }

  /** The message; none if it cannot be unpacked, which is noted. */
  *#messageOf({ loaded: { piece, bytes }, message }: Held): Generator<BagMessage, void, void> {
    const { channel, time, start, end } = message;
    const where = piece.isChunk
      ? `${this.path}, byte ${start} of the chunk at byte ${piece.offset}`
      : `${this.path}, byte ${piece.offset + start}`;
    let data;
    try {
      data = unpackMessage(bytes.subarray(start, end));
    } catch (error) {
      this.#problems.add(`${where}: the message there ${errorText(error)}; it is left out`);
      return;
    }
    yield { topic: this.#topics.get(channel)!, time, data, where };
  }

  /** No index leads to messages that stand outside of the chunks. */
  #checkCount(read: number): void {
    if (this.index.counts === undefined || this.#problems.lines.length > 0) return;
    const said = [...this.index.counts.values()].reduce((sum, count) => sum + count, 0);
    if (read !== said) {
      this.#problems.add(
        `${this.path}: its summary counts ${said} messages, but leads to ${read}; the others are not read`,
      );
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

/** The index may lead anywhere in a damaged file. */
function contentOfChunk(bytes: Buffer): Buffer {
  const [record] = recordsIn(bytes);
  if (record?.opcode !== OP.chunk || record.end !== bytes.length) {
    throw new Error('is none, though the summary names one');
  }
  return bytes.subarray(RECORD_HEAD);
}
