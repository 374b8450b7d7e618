import { type BagChannel, BagWriter } from '../recording/bagWriter.js';
import type { Topic } from './topics.js';
import type { ReplayCamera } from './replayCamera.js';

/** Writes what a node answers to a replay into an MCAP file. */
export class ReplayRecorder {
  readonly #channels = new Map<string, BagChannel>();
  #last: Promise<void> = Promise.resolve();
  #error: unknown;

  private constructor(private readonly writer: BagWriter) {}

  /** @throws BagError naming file, cause and remedy */
  static async create(path: string): Promise<ReplayRecorder> {
    return new ReplayRecorder(await BagWriter.create(path, { compression: 'zstd' }));
  }

  /** Adds a topic under this name. @throws BagError, as all do */
  async add(name: string, { type, qos }: Topic): Promise<void> {
    this.#channels.set(name, await this.writer.topic(name, type, { qos }));
  }

  /** Writes a message that is not changed any more; what goes wrong, settled() tells. */
  write(name: string, time: bigint, message: Uint8Array): void {
    this.#last = this.#channels
      .get(name)!
      .write(time, message)
      .catch((error: unknown) => {
        this.#error ??= error;
      });
  }

  /** Waits until all is written. @throws BagError */
  async settled(): Promise<void> {
    await this.#last;
    if (this.#error !== undefined) throw this.#error as Error;
  }

  /** Completes the file, with the pictures that have no mask in dropped.csv. @throws BagError */
  async close(cameras: readonly ReplayCamera[]): Promise<void> {
    await this.settled();
    const lines = cameras.flatMap(({ image, drops, unanswered }) => [
      ...drops.map(({ stamp, reason }) => `${image},${stamp},${reason}`),
      ...unanswered.map((stamp) => `${image},${stamp},no answer`),
    ]);
    const text = `${['topic,stamp,reason', ...lines].join('\n')}\n`;
    await this.writer.attachment('dropped.csv', 'text/csv', Buffer.from(text));
    await this.writer.close();
  }

  /** Removes what was written, unless it is complete. */
  async abort(): Promise<void> {
    await this.writer.abort();
  }
}
