import { InferenceSession, Tensor } from 'onnxruntime-node';
import { UNLABELLED } from '../vision/unlabelled.js';
import type { Manifest } from './manifest.js';
import { enlargeIds, logitsToLabels } from './labels.js';
import { ModelError } from './modelError.js';

export interface NetworkOptions {
  readonly provider: 'cpu';
  readonly threads: number;
}

/**
 * An ONNX network behind its manifest: pictures of the network's size in, class ids and confidence out.
 * Lives in the session's worker: run() blocks its thread.
 */
export class Network {
  readonly #session: InferenceSession;
  readonly #manifest: Manifest;
  readonly #inputName: string;
  /** float32 1x3xHxW, for networks that take floats; pooled. */
  readonly #floats: Float32Array;
  readonly #normalised: readonly Float32Array[];

  private constructor(session: InferenceSession, manifest: Manifest) {
    const { input } = manifest;
    this.#session = session;
    this.#manifest = manifest;
    this.#inputName = input.name ?? session.inputNames[0]!;
    const floats = input.layout === 'nchw_float32';
    this.#floats = new Float32Array(floats ? 3 * input.width * input.height : 0);
    this.#normalised = floats
      ? input.mean.map((mean, c) =>
          Float32Array.from({ length: 256 }, (_, v) => (v / 255 - mean) / input.std[c]!),
        )
      : [];
  }

  /** @throws ModelError if `model` is no ONNX file, or not the network that the manifest describes. */
  static async open(manifest: Manifest, model: Uint8Array, options: NetworkOptions): Promise<Network> {
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(model, {
        executionProviders: [options.provider],
        intraOpNumThreads: options.threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        // Spinning threads burn a core between frames and gain half a millisecond.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
    } catch (error) {
      throw new ModelError(`model ${manifest.path}: onnxruntime cannot load its file: ${firstLine(error)}`);
    }
    const network = new Network(session, manifest);
    const { width, height } = manifest.input;
    try {
      const pixels = width * height;
      await network.run(new Uint8Array(pixels * 3), new Uint8Array(pixels), new Uint8Array(pixels));
    } catch (error) {
      await session.release();
      throw error instanceof ModelError
        ? error
        : new ModelError(`model ${manifest.path}: a run at ${width}x${height} fails: ${firstLine(error)}`);
    }
    return network;
  }

  /**
   * Segments one picture.
   * @param picture HxWx3 uint8 RGB
   * @param labels HxW uint8, filled with class ids; ids that are no class become UNLABELLED
   * @param confidence HxW uint8, filled with 0-255; only computed if given
   */
  async run(picture: Uint8Array, labels: Uint8Array, confidence?: Uint8Array): Promise<void> {
    const { input, output, classes } = this.#manifest;
    const results = await this.#session.run({ [this.#inputName]: this.#inputTensor(picture) });
    const { width, height } = input;
    if (output.kind === 'logits') {
      const logits = this.#output(results, output.logits, 0);
      const [rows = 0, columns = 0] = logits.dims.slice(-2);
      if (!(logits.data instanceof Float32Array) || logits.data.length !== classes.length * rows * columns) {
        throw this.#mismatch(logits, `float32 1x${classes.length}xHxW`);
      }
      logitsToLabels(logits.data, classes.length, columns, rows, width, height, labels, confidence);
      return;
    }
    const ids = this.#output(results, output.labels, 0);
    const [rows = 0, columns = 0] = ids.dims.slice(-2);
    if (ids.data instanceof Float32Array || rows * columns !== ids.data.length) {
      throw this.#mismatch(ids, 'integers 1xHxW');
    }
    enlargeIds(ids.data as ArrayLike<number | bigint>, classes.length, columns, rows, width, height, labels);
    if (confidence === undefined) return;
    const confident =
      output.confidence === undefined ? undefined : this.#output(results, output.confidence, 1);
    if (confident === undefined) {
      for (let i = 0; i < labels.length; i++) confidence[i] = labels[i] === UNLABELLED ? 0 : 255;
    } else if (confident.data instanceof Uint8Array && confident.data.length === confidence.length) {
      confidence.set(confident.data);
      for (let i = 0; i < labels.length; i++) if (labels[i] === UNLABELLED) confidence[i] = 0;
    } else {
      throw this.#mismatch(confident, `uint8 ${height}x${width}`);
    }
  }

  /** Frees the session's memory. */
  async close(): Promise<void> {
    await this.#session.release();
  }

  #inputTensor(picture: Uint8Array): Tensor {
    const { width, height, layout } = this.#manifest.input;
    if (layout === 'hwc_uint8') return new Tensor('uint8', picture, [height, width, 3]);
    const pixels = width * height;
    for (let channel = 0; channel < 3; channel++) {
      const table = this.#normalised[channel]!;
      const plane = this.#floats.subarray(channel * pixels, (channel + 1) * pixels);
      for (let i = 0, j = channel; i < pixels; i++, j += 3) plane[i] = table[picture[j]!]!;
    }
    return new Tensor('float32', this.#floats, [1, 3, height, width]);
  }

  #output(results: InferenceSession.ReturnType, name: string | undefined, index: number): Tensor {
    const wanted = name ?? this.#session.outputNames[index] ?? '';
    const tensor = results[wanted];
    if (tensor === undefined) {
      throw new ModelError(
        `model ${this.#manifest.path}: has no output "${wanted}"; it has ${this.#session.outputNames.join(', ')}`,
      );
    }
    return tensor;
  }

  #mismatch(tensor: Tensor, wanted: string): ModelError {
    return new ModelError(
      `model ${this.#manifest.path}: output is ${tensor.type} ${tensor.dims.join('x')}, but its manifest (classes, output.kind) needs ${wanted}`,
    );
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
