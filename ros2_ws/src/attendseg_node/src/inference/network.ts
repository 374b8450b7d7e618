import { InferenceSession } from 'onnxruntime-node';
import { errorText } from '../errorText.js';
import type { Manifest, ModelFile } from './manifest.js';
import { ModelError } from './modelError.js';
import { modelPath, readExternalData, whyNotLoaded } from './modelFile.js';
import { LogitReader } from './logitReader.js';
import { NetworkFeed } from './networkInput.js';
import { endAt } from './onnxCut.js';
import { OnnxFormatError } from './onnxHeader.js';
import type { Provider } from './providers.js';
import { OutputReader } from './networkOutput.js';

export interface NetworkOptions {
  readonly provider: Provider;
  /** Of TensorRT: path of the ONNX file that wraps the engine, which is run in the model's place. */
  readonly engine?: string | undefined;
  readonly threads: number;
  /** Which of the model's files is given; cpu if left out. */
  readonly file?: ModelFile;
}

/**
 * An ONNX network behind its manifest: pictures of the network's size in, class ids and confidence out.
 * Lives in the session's worker: run() blocks its thread.
 */
export class Network {
  readonly #session: InferenceSession;
  readonly #manifest: Manifest;
  readonly #feed: NetworkFeed;
  readonly #reader: OutputReader;

  private constructor(session: InferenceSession, manifest: Manifest, logits: LogitReader) {
    this.#session = session;
    this.#manifest = manifest;
    this.#feed = new NetworkFeed(manifest, session.inputMetadata);
    this.#reader = new OutputReader(manifest, session.outputNames, logits);
  }

  /** @throws ModelError if `model` is no ONNX file, or not the network that the manifest describes. */
  static async open(manifest: Manifest, model: Uint8Array, options: NetworkOptions): Promise<Network> {
    if (options.file === undefined || options.file === 'cpu')
      [manifest, model] = withoutArgMax(manifest, model);
    const session = await openSession(manifest, model, options);
    try {
      const network = new Network(session, manifest, await LogitReader.create());
      const pixels = manifest.input.width * manifest.input.height;
      await network.run(new Uint8Array(pixels * 3), new Uint8Array(pixels), new Uint8Array(pixels));
      return network;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * Segments one picture.
   * @param picture HxWx3 uint8 RGB
   * @param labels HxW uint8, filled with class ids; ids that are no class become UNLABELLED
   * @param confidence HxW uint8, filled with 0-255; only computed if given
   * @returns whether all logits are finite
   * @throws ModelError if onnxruntime fails, or answers something else than the manifest says
   */
  async run(picture: Uint8Array, labels: Uint8Array, confidence?: Uint8Array): Promise<boolean> {
    let results: InferenceSession.ReturnType;
    try {
      results = await this.#session.run({ [this.#feed.name]: this.#feed.tensor(picture) });
    } catch (error) {
      const { path, input } = this.#manifest;
      throw new ModelError(
        `model ${path}: a run at ${input.width}x${input.height} fails: ${errorText(error)}`,
      );
    }
    return this.#reader.read(results, labels, confidence);
  }

  /** Frees the session's memory. */
  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** The CPU's file ended before its ArgMax, where its manifest says how. @throws ModelError if it is not so */
function withoutArgMax(manifest: Manifest, model: Uint8Array): [Manifest, Uint8Array] {
  const ending = manifest.files.cpu?.before_argmax;
  if (ending === undefined) return [manifest, model];
  const { logits } = ending;
  let cut: Uint8Array | undefined;
  try {
    cut = endAt(model, logits);
  } catch (error) {
    // What is wrong with the file is said where it is loaded.
    if (error instanceof OnnxFormatError) return [manifest, model];
    throw error;
  }
  if (cut === undefined) {
    const file = modelPath(manifest, 'cpu');
    throw new ModelError(
      `model file ${file}: has no tensor "${logits}"; correct files.cpu.before_argmax in ${manifest.path}`,
    );
  }
  return [{ ...manifest, output: { kind: 'logits', ...ending } }, cut];
}

/**
 * A session of one of the model's files, with the weights beside it.
 * @throws ModelError if one of them is not sound
 */
export async function openSession(
  manifest: Manifest,
  model: Uint8Array,
  options: NetworkOptions,
): Promise<InferenceSession> {
  const file = options.file ?? 'cpu';
  const externalData = options.engine === undefined ? readExternalData(manifest, file, model) : [];
  try {
    const sessionOptions: InferenceSession.SessionOptions = {
      executionProviders: [options.provider],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // What onnxruntime would log of an error is in what it throws.
      logSeverityLevel: 4,
      // Spinning threads burn a core between frames and gain half a millisecond.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      ...(externalData.length > 0 && { externalData }),
    };
    // An engine lies beside the file that wraps it, and is found by that one's path.
    return await (options.engine === undefined
      ? InferenceSession.create(model, sessionOptions)
      : InferenceSession.create(options.engine, sessionOptions));
  } catch (error) {
    const path = options.engine ?? modelPath(manifest, file);
    throw new ModelError(
      `model file ${path}: onnxruntime cannot load it: ${whyNotLoaded(model, errorText(error))}`,
    );
  }
}
