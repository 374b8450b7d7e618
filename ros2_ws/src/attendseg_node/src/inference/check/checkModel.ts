import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { errorText } from '../../errorText.js';
import { ModelError } from '../modelError.js';
import { guessInput } from '../networkInput.js';
import { OnnxFormatError } from '../onnxHeader.js';
import { type Convolution, convolutionsOf } from './convolutions.js';
import { cpuGraph, integerWeights, outputSizes } from './cpuForm.js';
import { elements, type OnnxGraph, readGraph } from './onnxGraph.js';

/** What became of one convolution. */
export interface CheckedConvolution extends Convolution {
  /** Whether onnxruntime's CPU provider runs it on integers. */
  readonly runsInInt8: boolean;
  /** Multiply-accumulates for one picture. */
  readonly macs: number;
}

export interface ModelCheck {
  readonly path: string;
  readonly bytes: number;
  /** Weights and biases of convolutions that were learnt. */
  readonly parameters: number;
  readonly macs: number;
  readonly convolutions: readonly CheckedConvolution[];
  /** Sums of which TensorRT would compute one side in floats. */
  readonly halfQuantisedSums: readonly string[];
}

/** For which providers a file passes, or must. */
export type CheckedProvider = 'cpu' | 'tensorrt';

/**
 * Looks at how each convolution of an ONNX file runs.
 * @param size of the picture where the file leaves it free
 * @throws ModelError if it is no ONNX file, or cannot be run
 */
export async function checkModel(
  file: string,
  size: { readonly width: number; readonly height: number },
): Promise<ModelCheck> {
  const path = resolve(file);
  const bytes = readBytes(path);
  const graph = graphOf(path, bytes);
  const found = convolutionsOf(graph);
  if (found.length === 0)
    throw new ModelError(`model file ${path}: has no convolutions; give a network that segments pictures`);
  const integers = integerWeights(await cpuGraph(path));
  const areas = await outputSizes(bytes, path, found, await someInput(path, size));
  const convolutions = found.map((each): CheckedConvolution => ({
    ...each,
    // By the tensor of its weights it is found again in the graph that runs.
    runsInInt8: each.stored !== undefined && integers.has(each.stored),
    macs: elements(each.weights) * (areas.get(each.output) ?? 0),
  }));
  const learnt = convolutions.filter(({ isFixed }) => !isFixed);
  return {
    path,
    bytes: bytes.length,
    parameters: learnt.reduce((sum, { weights }) => sum + elements(weights) + (weights[0] ?? 0), 0),
    macs: learnt.reduce((sum, { macs }) => sum + macs, 0),
    convolutions,
    halfQuantisedSums: halfQuantisedSums(graph),
  };
}

/** What of a convolution is wrong for a provider; nothing if it runs in int8 there as it should. */
export function faultsOf(convolution: CheckedConvolution, provider: CheckedProvider): readonly string[] {
  if (convolution.isFixed) return [];
  if (provider === 'tensorrt') return [...convolution.problems, ...convolution.tensorrtProblems];
  if (convolution.runsInInt8 || convolution.problems.length > 0) return convolution.problems;
  return ["onnxruntime's CPU provider runs it in floats; quantise what it takes and what it gives"];
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ModelError(
      `model file ${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); give the path of an ONNX file`,
    );
  }
}

function graphOf(path: string, bytes: Uint8Array): OnnxGraph {
  try {
    return readGraph(bytes);
  } catch (error) {
    if (error instanceof OnnxFormatError) throw new ModelError(`model file ${path}: ${error.message}`);
    throw error;
  }
}

async function someInput(
  path: string,
  size: { readonly width: number; readonly height: number },
): Promise<{ readonly name: string; readonly tensor: Tensor }> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(path, { logSeverityLevel: 4 });
  } catch (error) {
    throw new ModelError(`model file ${path}: onnxruntime cannot load it: ${errorText(error)}`);
  }
  const [input] = session.inputMetadata;
  await session.release();
  const guessed = input?.isTensor === true ? guessInput(input, size) : undefined;
  if (input?.isTensor !== true || guessed === undefined)
    throw new ModelError(
      `model file ${path}: takes no picture of three channels in float32, float16 or uint8`,
    );
  const { width, height, layout } = guessed;
  const dims =
    layout === 'hwc_uint8'
      ? [height, width, 3]
      : layout.startsWith('nchw')
        ? [1, 3, height, width]
        : [1, height, width, 3];
  const length = 3 * width * height;
  const tensor =
    input.type === 'uint8'
      ? new Tensor('uint8', new Uint8Array(length), dims)
      : input.type === 'float16'
        ? new Tensor('float16', new Uint16Array(length), dims)
        : new Tensor('float32', new Float32Array(length), dims);
  return { name: input.name, tensor };
}

/** Sums of a quantised tensor and one that is not. */
function halfQuantisedSums(graph: OnnxGraph): string[] {
  return graph.nodes
    .filter(({ op, inputs }) => {
      if (op !== 'Add') return false;
      const [some, all] = [inputs.filter((name) => graph.madeBy(name, 'DequantizeLinear')), inputs];
      return some.length > 0 && some.length < all.length && !all.some((name) => graph.constants.has(name));
    })
    .map(({ name, outputs }) => (name === '' ? `the sum that gives ${outputs[0] ?? 'nothing'}` : name));
}
