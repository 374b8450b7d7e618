import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { errorText } from '../../errorText.js';
import { ModelError } from '../modelError.js';
import { alsoGiving } from '../onnxCut.js';
import { type Convolution, INTEGER } from './convolutions.js';
import { OnnxGraph, readGraph } from './onnxGraph.js';

/**
 * The graph that onnxruntime's CPU provider makes of a file: what really runs. Fusions for one kind of processor, which
 * change no type, are left out.
 * @throws ModelError if onnxruntime cannot load it
 */
export async function cpuGraph(path: string): Promise<OnnxGraph> {
  const folder = mkdtempSync(join(tmpdir(), 'attendseg-check-'));
  try {
    const optimized = join(folder, 'optimized.onnx');
    const session = await create(path, {
      graphOptimizationLevel: 'extended',
      optimizedModelFilePath: optimized,
    });
    await session.release();
    return readGraph(readFileSync(optimized));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tensors that hold the weights of integer convolutions, by the graph that runs. */
export function integerWeights(running: OnnxGraph): Set<string> {
  return new Set(
    running.nodes.filter(({ op }) => INTEGER.has(op)).map(({ op, inputs }) => inputs[INTEGER.get(op)!] ?? ''),
  );
}

/**
 * Height x width of what each convolution gives, by its output's name, from one run.
 * @param picture the network's input
 * @throws ModelError if the run fails
 */
export async function outputSizes(
  model: Uint8Array,
  path: string,
  convolutions: readonly Convolution[],
  input: { readonly name: string; readonly tensor: Tensor },
): Promise<Map<string, number>> {
  const names = convolutions.map(({ output }) => output);
  const session = await create(path, { graphOptimizationLevel: 'disabled' }, alsoGiving(model, names));
  try {
    const results = await session.run({ [input.name]: input.tensor }, names);
    return new Map(
      Object.entries(results).map(([name, { dims }]) => [
        name,
        dims.slice(2).reduce((area, side) => area * side, 1),
      ]),
    );
  } catch (error) {
    throw new ModelError(`model file ${path}: a run fails: ${errorText(error)}; give another --size`);
  } finally {
    await session.release();
  }
}

async function create(
  path: string,
  options: InferenceSession.SessionOptions,
  model?: Uint8Array,
): Promise<InferenceSession> {
  const all = { executionProviders: ['cpu'], logSeverityLevel: 4, ...options } as const;
  try {
    return await (model === undefined
      ? InferenceSession.create(path, all)
      : InferenceSession.create(model, {
          ...all,
          extra: { session: { model_external_initializers_file_folder_path: dirname(path) } },
        }));
  } catch (error) {
    throw new ModelError(`model file ${path}: onnxruntime cannot load it: ${errorText(error)}`);
  }
}
