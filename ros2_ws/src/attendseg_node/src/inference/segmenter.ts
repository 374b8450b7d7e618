import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Fit } from '../vision/letterbox.js';
import type { RawImage } from '../vision/rawImage.js';
import { BufferPool } from './bufferPool.js';
import {
  classLut,
  paletteOf,
  readManifest,
  readModelFile,
  type Manifest,
  type ModelFile,
} from './manifest.js';
import { ModelError } from './modelError.js';
import { chooseProvider, sessionThreads, type ProviderChoice, type ProviderWish } from './providers.js';
import {
  bytesPerPixel,
  CLOSE,
  type FrameMessage,
  type FrameResult,
  type Output,
  type OutputRequest,
  type PixelWorkerData,
  type SessionReport,
  type SessionWorkerData,
  type WorkerTimes,
} from './protocol.js';

export interface SegmenterOptions {
  /** Folder or manifest of the model. */
  readonly model: string;
  readonly provider: ProviderWish;
  /** Threads of the session; 0: all cores but one. */
  readonly threads: number;
  /** Bytes kept between frames for pictures and outputs, at most. */
  readonly poolBytes?: number;
  /** Another of the model's files than the provider would take, for comparisons. */
  readonly file?: ModelFile;
}

export interface FrameOptions {
  readonly fit: Fit;
  /** Of the class colours in the overlay, 0-1. */
  readonly opacity: number;
  readonly outputs: readonly OutputRequest[];
}

/** A segmented frame. Call release() when its buffers have been used: they serve the next frame. */
export interface Segmentation {
  readonly outputs: readonly Output[];
  /** Milliseconds, `receive` being the copy of the camera's bytes. */
  readonly times: WorkerTimes & { readonly receive: number };
  release(): void;
}

/** Frames that may be under way at once: one in the session, and the next being prepared. */
const IN_FLIGHT = 2;

interface Waiting {
  readonly resolve: (segmentation: Segmentation) => void;
  readonly reject: (error: Error) => void;
  readonly receive: number;
}

/**
 * The network behind two threads: one for pixels, one for the session, so that the next frame is prepared
 * while this one runs. The caller's thread only copies the camera's bytes once.
 */
export class Segmenter {
  readonly manifest: Manifest;
  readonly choice: ProviderChoice;
  readonly threads: number;
  readonly #pixels: Worker;
  readonly #session: Worker;
  readonly #pool: BufferPool;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<unknown>;
  /** Resolves with the cause if a worker thread dies; no frame succeeds after that. */
  readonly failed: Promise<Error>;
  #reportFailure!: (error: Error) => void;
  #ticket = 0;
  #failure: Error | undefined;
  #closing = false;

  private constructor(
    manifest: Manifest,
    choice: ProviderChoice,
    threads: number,
    pixels: Worker,
    session: Worker,
    pool: BufferPool,
  ) {
    this.#pool = pool;
    this.manifest = manifest;
    this.choice = choice;
    this.threads = threads;
    this.#pixels = pixels;
    this.#session = session;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
    pixels.on('message', (result: FrameResult) => {
      this.#settle(result);
    });
    const ends = [pixels, session].map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker.once('error', (error: Error) => {
            this.#fail(error);
          });
          worker.once('exit', () => {
            if (!this.#closing) this.#fail(new Error('a worker thread ended by itself'));
            resolve();
          });
        }),
    );
    this.#ended = Promise.all(ends);
  }

  /** @throws ModelError if the model, its file or the provider cannot be used. */
  static async open(options: SegmenterOptions): Promise<Segmenter> {
    const manifest = readManifest(options.model);
    const choice = chooseProvider(options.provider);
    const file = options.file ?? choice.file;
    const model = readModelFile(manifest, file);
    const threads = sessionThreads(options.threads);
    const { port1, port2 } = new MessageChannel();
    const sessionData: SessionWorkerData = {
      port: port1,
      manifest,
      model,
      file,
      provider: choice.provider,
      threads,
    };
    const session = new Worker(new URL('./sessionWorker.js', import.meta.url), {
      workerData: sessionData,
      transferList: [port1],
    });
    const pixelData: PixelWorkerData = {
      port: port2,
      width: manifest.input.width,
      height: manifest.input.height,
      palette: paletteOf(manifest),
      lut: classLut(manifest),
    };
    const pixels = new Worker(new URL('./pixelWorker.js', import.meta.url), {
      workerData: pixelData,
      transferList: [port2],
    });
    const segmenter = new Segmenter(
      manifest,
      choice,
      threads,
      pixels,
      session,
      new BufferPool(options.poolBytes),
    );
    const report = await new Promise<SessionReport>((resolve, reject) => {
      session.once('message', resolve);
      session.once('error', reject);
      pixels.once('error', reject);
    });
    if (report.type === 'error') {
      await segmenter.close();
      throw new ModelError(report.message);
    }
    return segmenter;
  }

  /** Whether a frame handed over now would be prepared at once. */
  get free(): boolean {
    return this.#waiting.size < IN_FLIGHT && this.#failure === undefined;
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  /**
   * Segments one checked image (see checkImage). Its bytes are copied before this returns.
   * @throws Error if the run fails or the segmenter was closed; the next frame may well succeed.
   */
  segment(image: RawImage, options: FrameOptions): Promise<Segmentation> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const started = performance.now();
    const taken: ArrayBuffer[] = [];
    try {
      const message = this.#compose(image, options, (bytes) => {
        const buffer = this.#pool.take(bytes);
        taken.push(buffer);
        return buffer;
      });
      this.#pixels.postMessage(message, taken);
      return new Promise((resolve, reject) => {
        this.#waiting.set(message.ticket, { resolve, reject, receive: performance.now() - started });
      });
    } catch (error) {
      // Memory may be short for the next buffer: those taken so far serve the next frame.
      for (const buffer of taken) this.#pool.give(buffer);
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #compose(image: RawImage, options: FrameOptions, take: (bytes: number) => ArrayBuffer): FrameMessage {
    const { data: pixels, ...header } = image;
    const data = take(pixels.byteLength);
    new Uint8Array(data).set(pixels);
    return {
      ticket: this.#ticket++,
      image: header,
      data,
      fit: options.fit,
      opacity: options.opacity,
      outputs: options.outputs.map((request) => ({
        ...request,
        buffer: take(request.headroom + request.width * request.height * bytesPerPixel(request.kind)),
      })),
    };
  }

  /** Lets the frames in flight finish, frees the session and ends both threads. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#failure ??= new Error('the segmenter was closed');
    while (this.#waiting.size > 0) await sleep(2);
    this.#session.postMessage(CLOSE);
    this.#pixels.postMessage(CLOSE);
    await this.#ended;
  }

  #settle(result: FrameResult): void {
    const waiting = this.#waiting.get(result.ticket);
    this.#waiting.delete(result.ticket);
    this.#pool.give(result.data);
    const release = (): void => {
      for (const { buffer } of result.outputs) this.#pool.give(buffer);
    };
    if (result.type === 'done') {
      waiting?.resolve({
        outputs: result.outputs,
        times: { ...result.times, receive: waiting.receive },
        release,
      });
    } else {
      release();
      waiting?.reject(new Error(result.message));
    }
  }

  /** A worker that died takes its frames along; whoever owns the segmenter opens another or ends. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reportFailure(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
