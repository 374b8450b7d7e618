import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../errorText.js';
import { BufferPool } from './bufferPool.js';
import { type HeldPicture, holdPicture, type Picture } from './heldPicture.js';
import type { Model } from './model.js';
import { type FrameOptions, type Segmentation, Segmenter } from './segmenter.js';

export interface BackendOptions {
  /** Threads of the session; 0: all cores but one. */
  readonly threads: number;
  /** Bytes kept between frames for pictures and outputs, at most. */
  readonly poolBytes: number;
  /** Milliseconds after which a frame that does not come back counts as lost. */
  readonly runTimeout: number;
}

/** Whom a backend tells. */
export interface BackendHost {
  /** The network was lost, and why, in one line; it starts again. */
  readonly lost: (message: string) => void;
  /** It is there again, and takes frames. */
  readonly back: () => void;
}

/** Milliseconds until a lost network starts again: at once, then ever later. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * A model's segmenter, started again with back-off when it is lost: a thread died, or a frame did not come back. At most
 * the frames under way are lost with it. A run cannot be broken off, so a lost one goes on beside the new session; when
 * a second one is lost meanwhile, something is badly wrong and the backend gives up.
 */
export class Backend {
  readonly #pool: BufferPool;
  readonly #closing = new AbortController();
  #segmenter: Segmenter | undefined;
  #attempts = 0;
  /** Lost segmenters whose threads have not ended yet. */
  #leaving = 0;
  /** Resolves with the cause when it gave up. */
  readonly failed: Promise<Error>;
  #giveUp!: (error: Error) => void;
  /** Resolves when it was closed and its threads have ended. */
  readonly ended: Promise<void>;
  #reportEnd!: () => void;
  #trouble: string | undefined;

  private constructor(
    readonly model: Model,
    private readonly options: BackendOptions,
    private readonly host: BackendHost,
  ) {
    this.#pool = new BufferPool(options.poolBytes);
    this.failed = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#reportEnd = resolve;
    });
  }

  /** @throws ModelError if the session cannot be built */
  static async open(model: Model, options: BackendOptions, host: BackendHost): Promise<Backend> {
    const backend = new Backend(model, options, host);
    await backend.#start();
    return backend;
  }

  /** Whether a frame handed over now would be prepared at once. */
  get free(): boolean {
    return this.#segmenter?.free ?? false;
  }

  get inFlight(): number {
    return this.#segmenter?.inFlight ?? 0;
  }

  /** Why there is no session now, if so. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Checks a picture and copies its bytes into a buffer that lives until it is segmented or given back; also while there
   * is no session.
   * @throws ImageError that names the cause; RangeError if memory is short
   */
  hold(picture: Picture, maxPixels?: number): HeldPicture {
    return holdPicture(picture, this.#pool, maxPixels);
  }

  /**
   * Segments one picture, which may have been held by another backend. Its buffer is taken before this returns, or
   * never: then the picture is still the caller's.
   * @throws Error if the run fails or the network is lost; the next frame may well succeed.
   */
  segment(picture: HeldPicture, options: FrameOptions): Promise<Segmentation> {
    if (this.#segmenter === undefined)
      return Promise.reject(new Error(this.#trouble ?? 'the backend was closed'));
    return this.#segmenter.segment(picture, options);
  }

  /** Lets the frames in flight finish and ends its threads. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#segmenter?.close();
    this.#pool.close();
    this.#reportEnd();
  }

  async #start(): Promise<void> {
    const { threads, runTimeout } = this.options;
    const segmenter = await Segmenter.open(this.model, { threads, runTimeout, pool: this.#pool });
    if (this.#closing.signal.aborted) {
      await segmenter.close();
      return;
    }
    this.#segmenter = segmenter;
    this.#trouble = undefined;
    void segmenter.failed.then((error) => this.#lose(segmenter, error));
  }

  async #lose(segmenter: Segmenter, error: Error): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#segmenter = undefined;
    if (segmenter.answered > 0) this.#attempts = 0;
    const hangs = this.#leaving > 0;
    this.#leaving++;
    void segmenter.close().finally(() => this.#leaving--);
    if (hangs) {
      this.#trouble = `${error.message}, while the run lost before still goes on`;
      this.#giveUp(new Error(this.#trouble));
      return;
    }
    await this.#startAgain(error);
  }

  async #startAgain(cause: unknown): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      const wait = this.#attempts === 0 ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.#attempts - 1));
      this.#attempts++;
      const when = wait === 0 ? 'now' : `in ${wait / 1000} s`;
      this.#trouble = `${errorText(cause)}; the network starts again ${when}`;
      this.host.lost(this.#trouble);
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#start();
        this.host.back();
        return;
      } catch (error) {
        cause = error;
      }
    }
  }
}
