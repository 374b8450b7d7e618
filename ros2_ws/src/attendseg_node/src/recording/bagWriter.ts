import { existsSync, readFileSync } from 'node:fs';
import { McapWriter } from '@mcap/core';
import zstd from '@foxglove/wasm-zstd';
import { cannotWrite } from '../cannotWrite.js';
import { NewFile } from '../newFile.js';
import { BagError } from './bag.js';
import { messageDefinition } from './messageDefinitions.js';
import { offeredQosProfiles, type BagQos } from './offeredQos.js';

/** How chunks are packed. There is no lz4: the library that reads it cannot write it. */
export type BagCompression = 'none' | 'zstd';

/** Bytes of messages in a chunk; a longer message has one of its own. */
const CHUNK_BYTES = 2 * 1024 * 1024;

/** A topic of a bag that is being written. */
export interface BagChannel {
  /**
   * Adds a message. Its bytes are the caller's again when the promise is fulfilled; waiting for it keeps memory bounded.
   * @param time when it was recorded, nanoseconds since 1970
   * @param data CDR with its encapsulation
   * @throws BagError naming file, cause and remedy, and again at every later call
   */
  write(time: bigint, data: Uint8Array): Promise<void>;
}

/**
 * Writes one MCAP file as rosbag2 and Foxglove read it, which has its name only when it was closed. Memory is a few
 * chunks, each 2 MiB or one message, whichever is larger, however long the bag.
 */
export class BagWriter {
  readonly #file: NewFile;
  readonly #mcap: McapWriter;
  readonly #schemas = new Map<string, number>();
  readonly #topics = new Set<string>();
  /** McapWriter takes one call at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #error: BagError | undefined;

  private constructor(file: NewFile, compression: BagCompression) {
    this.#file = file;
    this.#mcap = new McapWriter({
      writable: new Sink(file),
      chunkSize: CHUNK_BYTES,
      ...(compression === 'zstd' && {
        compressChunk: (chunk) => ({ compression, compressedData: zstd.compress(chunk) }),
      }),
    });
  }

  /**
   * @param mark stands in the temporary name
   * @throws BagError naming file, cause and remedy, also if there is a file of that name already
   */
  static async create(
    path: string,
    { compression = 'none', mark }: { readonly compression?: BagCompression; readonly mark?: string } = {},
  ): Promise<BagWriter> {
    try {
      // Looked for here as well as at the end: rather refused now than when all is done.
      if (existsSync(path)) throw Object.assign(new Error('EEXIST: file already exists'), { code: 'EEXIST' });
      if (compression === 'zstd') await zstd.isLoaded;
      const writer = new BagWriter(await NewFile.create(path, mark), compression);
      await writer.#start();
      return writer;
    } catch (error) {
      throw writeError(path, error);
    }
  }

  async #start(): Promise<void> {
    try {
      await this.#mcap.start({ profile: 'ros2', library: `attendseg_node ${version()}` });
    } catch (error) {
      await this.#file.discard();
      throw error;
    }
  }

  /**
   * Adds a topic.
   * @param type such as `sensor_msgs/msg/Image`
   * @throws RangeError if messageDefinition() does not know the type
   * @throws BagError as write() does
   */
  async topic(name: string, type: string, { qos }: { readonly qos: Readonly<BagQos> }): Promise<BagChannel> {
    if (this.#topics.has(name)) throw new Error(`${this.#file.path}: ${name} is written by another already`);
    const data = Buffer.from(messageDefinition(type));
    this.#topics.add(name);
    const channelId = await this.#next(async () => {
      let schemaId = this.#schemas.get(type);
      if (schemaId === undefined) {
        schemaId = await this.#mcap.registerSchema({ name: type, encoding: 'ros2msg', data });
        this.#schemas.set(type, schemaId);
      }
      const metadata = new Map([['offered_qos_profiles', offeredQosProfiles(qos)]]);
      return this.#mcap.registerChannel({ topic: name, schemaId, messageEncoding: 'cdr', metadata });
    });
    let sequence = 0;
    return {
      write: (time, data) =>
        this.#next(() =>
          this.#mcap.addMessage({ channelId, sequence: ++sequence, logTime: time, publishTime: time, data }),
        ),
    };
  }

  /** Adds a metadata record, such as what a run was made with. @throws BagError as write() does */
  async metadata(name: string, values: ReadonlyMap<string, string>): Promise<void> {
    await this.#next(() => this.#mcap.addMetadata({ name, metadata: new Map(values) }));
  }

  /** Adds a file, such as a table. @throws BagError as write() does */
  async attachment(name: string, mediaType: string, data: Uint8Array): Promise<void> {
    const attachment = { name, mediaType, data, logTime: 0n, createTime: 0n };
    await this.#next(() => this.#mcap.addAttachment(attachment));
  }

  /** Completes the file and gives it its name. @throws BagError, and nothing is left of it, if that fails */
  async close(): Promise<void> {
    try {
      await this.#next(() => this.#mcap.end());
      await this.#file.keep();
    } catch (error) {
      await this.#file.discard();
      throw writeError(this.#file.path, error);
    }
  }

  /** Removes what was written; after close() it does nothing. */
  async abort(): Promise<void> {
    this.#error ??= new BagError(`${this.#file.path}: not written any more: it was given up`);
    await this.#last;
    await this.#file.discard();
  }

  /** Calls of McapWriter one after the other, and none after one that failed: the file has a hole there. */
  async #next<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#error !== undefined) throw this.#error;
      try {
        return await call();
      } catch (error) {
        throw (this.#error = writeError(this.#file.path, error));
      }
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Where McapWriter writes to. */
class Sink {
  #bytes = 0n;

  constructor(private readonly file: NewFile) {}

  position(): bigint {
    return this.#bytes;
  }

  async write(data: Uint8Array): Promise<void> {
    // A write may take less than it was given, as the last one that a full disk takes does.
    for (let done = 0; done < data.length;) {
      const { bytesWritten } = await this.file.handle.write(data, done);
      done += bytesWritten;
    }
    this.#bytes += BigInt(data.length);
  }
}

function writeError(path: string, error: unknown): BagError {
  if (error instanceof BagError) return error;
  return new BagError(cannotWrite(path, error), { cause: error });
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
