import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { toError } from '../errorText.js';
import { ImageError } from '../vision/imageError.js';
import { BufferPool } from './bufferPool.js';
import type { ClassTable } from './classTable.js';
import { type HeldPicture, holdPicture, type Picture } from './heldPicture.js';
import type { Model } from './model.js';
import { ModelError } from './modelError.js';
import { bufferBytes, type Output, type OutputRequest } from './outputs.js';
import {
  type ClassesMessage,
  CLOSE,
  type FrameLook,
  type FrameMessage,
  type FrameResult,
  type PixelWorkerData,
  type SessionReport,
  type SessionWorkerData,
  type WorkerTimes,
} from './protocol.js';
import { sessionThreads } from './providers.js';

export interface SegmenterOptions {
  /** Threads of the session; 0: all cores but one. */
  readonly threads: number;
  /** Keeps buffers between frames. */
  readonly pool?: BufferPool;
  /** Milliseconds after which a frame that does not come back counts as lost, and with it the session. */
  readonly runTimeout?: number;
}

export interface FrameOptions extends FrameLook {
  /** How classes come out; as the model has them if left out. */
  readonly classes?: ClassTable;
  readonly outputs: readonly OutputRequest[];
}

/** A segmented frame. Call release() when its buffers have been used: they serve the next frame. */
export interface Segmentation {
  readonly outputs: readonly Output[];
  /** Milliseconds, `receive` being the copy of the camera's bytes. */
  readonly times: WorkerTimes & { readonly receive: number };
  /** The largest sample of an image of 16 bits a sample, scaled to 0-255; 255 for others. */
  readonly brightest: number;
  /** Whether the network answered with numbers only, none of them infinite. */
  readonly finite: boolean;
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
 * while this one runs. The caller's thread only copies a picture's bytes, once.
 */
export class Segmenter {
  readonly #pixels: Worker;
  readonly #session: Worker;
  readonly #pool: BufferPool;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<unknown>;
  /** Resolves with the cause if a worker thread dies or a frame does not come back; no frame succeeds after that. */
  readonly failed: Promise<Error>;
  #reportFailure!: (error: Error) => void;
  /** What the pixel worker was told last. */
  #classes: ClassTable;
  #ticket = 0;
  #answered = 0;
  #failure: Error | undefined;
  #closing = false;
  readonly #deadline: NodeJS.Timeout | undefined;

  private constructor(
    pixels: Worker,
    session: Worker,
    private readonly modelClasses: ClassTable,
    { pool = new BufferPool(), runTimeout }: SegmenterOptions,
  ) {
    this.#pool = pool;
    this.#classes = modelClasses;
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
            this.#fail(new Error(`a worker thread died: ${error.message}`, { cause: error }));
          });
          worker.once('exit', () => {
            if (!this.#closing) this.#fail(new Error('a worker thread ended by itself'));
            resolve();
          });
        }),
    );
    this.#ended = Promise.all(ends);
    if (runTimeout !== undefined) {
      this.#deadline = setTimeout(() => {
        if (this.#waiting.size > 0)
          this.#fail(new Error(`a frame did not come back within ${runTimeout / 1000} s (run_timeout)`));
      }, runTimeout).unref();
    }
  }

  /** Starts both threads. @throws ModelError if the session cannot be built. */
  static async open(model: Model, options: SegmenterOptions): Promise<Segmenter> {
    const { manifest, choice, classes, file, reference } = model;
    const { port1, port2 } = new MessageChannel();
    const sessionData: SessionWorkerData = {
      port: port1,
      manifest,
      model: model.bytes,
      file,
      provider: choice.provider,
      engine: choice.engine,
      reference,
      threads: sessionThreads(options.threads),
    };
    const session = new Worker(new URL('./sessionWorker.js', import.meta.url), {
      workerData: sessionData,
      transferList: [port1],
    });
    const { width, height } = manifest.input;
    const pixelData: PixelWorkerData = { port: port2, width, height, classes };
    const pixels = new Worker(new URL('./pixelWorker.js', import.meta.url), {
      workerData: pixelData,
      transferList: [port2],
    });
    const segmenter = new Segmenter(pixels, session, classes, options);
    const report = await new Promise<SessionReport>((resolve, reject) => {
      session.once('message', resolve);
      void segmenter.failed.then(reject);
    }).catch((error: unknown) => {
      void segmenter.close();
      throw error;
    });
    if (report.type === 'error') {
      await segmenter.close();
      throw new ModelError(report.message);
    }
    return segmenter;
  }

  /** Frames that came back, well or not. */
  get answered(): number {
    return this.#answered;
  }

  /** Whether a frame handed over now would be prepared at once. */
  get free(): boolean {
    return this.#waiting.size < IN_FLIGHT && this.#failure === undefined;
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  /**
   * Checks a picture and copies its bytes into a buffer that lives until it is segmented or given back.
   * @throws ImageError that names the cause; RangeError if memory is short
   */
  hold(picture: Picture, maxPixels?: number): HeldPicture {
    return holdPicture(picture, this.#pool, maxPixels);
  }

  /**
   * Segments one picture, which may have been held by another segmenter. Its buffer is taken before this returns, or
   * never: then the picture is still the caller's.
   * @throws Error if the run fails or the segmenter was closed; the next frame may well succeed.
   */
  segment(picture: HeldPicture, options: FrameOptions): Promise<Segmentation> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const taken: ArrayBuffer[] = [];
    try {
      const message = this.#compose(picture, options, (buffer) => {
        taken.push(buffer);
        return buffer;
      });
      this.#tellClasses(options.classes ?? this.modelClasses);
      this.#pixels.postMessage(message, taken);
      if (this.#waiting.size === 0) this.#deadline?.refresh();
      return new Promise((resolve, reject) => {
        this.#waiting.set(message.ticket, { resolve, reject, receive: picture.receive });
      });
    } catch (error) {
      // Memory may be short for the next buffer: those taken so far serve the next frame.
      for (const buffer of taken) this.#pool.give(buffer);
      return Promise.reject(toError(error));
    }
  }

  #compose(
    picture: HeldPicture,
    options: FrameOptions,
    taken: (buffer: ArrayBuffer) => ArrayBuffer,
  ): FrameMessage {
    const { bitDepth = 16, fit, opacity, legend = false, outputs } = options;
    const { threshold = 0, smoothing = 0, camera = '' } = options;
    return {
      ticket: this.#ticket++,
      image: picture.header,
      data: taken(picture.take()),
      bytes: picture.bytes,
      look: { bitDepth, fit, opacity, legend, threshold, smoothing, camera },
      outputs: outputs.map((request) => ({
        ...request,
        buffer: taken(this.#pool.take(bufferBytes(request))),
      })),
    };
  }

  #tellClasses(classes: ClassTable): void {
    if (classes === this.#classes) return;
    this.#classes = classes;
    const message: ClassesMessage = { classes };
    this.#pixels.postMessage(message);
  }

  /** Lets the frames in flight finish, frees the session and ends both threads, after a lost run when that ends. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#failure ??= new Error('the segmenter was closed');
    while (this.#waiting.size > 0) await sleep(2);
    clearTimeout(this.#deadline);
    this.#session.postMessage(CLOSE);
    this.#pixels.postMessage(CLOSE);
    await this.#ended;
  }

  #settle(result: FrameResult): void {
    this.#answered++;
    this.#deadline?.refresh();
    const waiting = this.#waiting.get(result.ticket);
    this.#waiting.delete(result.ticket);
    this.#pool.give(result.data);
    const release = (): void => {
      for (const { buffer } of result.outputs) this.#pool.give(buffer);
    };
    if (result.type === 'done') {
      waiting?.resolve({
        outputs: result.outputs,
        brightest: result.brightest,
        finite: result.finite,
        times: { ...result.times, receive: waiting.receive },
        release,
      });
    } else {
      release();
      const { reason, message } = result;
      waiting?.reject(reason === undefined ? new Error(message) : new ImageError(reason, message));
    }
  }

  /** The frames are lost; whoever owns the segmenter opens another or ends. */
  #fail(error: Error): void {
    this.#failure ??= error;
    clearTimeout(this.#deadline);
    this.#reportFailure(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
