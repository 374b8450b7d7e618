import { basename } from 'node:path';
import { EngineError } from './engineError.js';
import {
  INT,
  readOnnx,
  STRING,
  writeOnnx,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
} from './onnxMessages.js';

/** What onnxruntime's TensorRT provider reads of the node that holds an engine. */
export interface EngineContext {
  /** The engine's file, beside the ONNX file. */
  readonly engine: string;
  /** The ONNX file that it was built from. */
  readonly source: string;
  /** As 8.7. */
  readonly computeCapability: string;
  readonly tensorrt: string;
}

const DOMAIN = 'com.microsoft';
const OP = 'EPContext';
const PROVIDER = 'TensorrtExecutionProvider';
/** The oldest that all versions of onnxruntime with this node read. */
const IR_VERSION = 8;
const ONNX_OPSET = 17;

/**
 * Writes the ONNX file that stands for an engine: one node with the inputs and outputs of the network, which
 * onnxruntime matches to the engine's by name, and silently takes the first one for a name that it does not find.
 * @param network the ONNX file that the engine was built from
 * @throws EngineError if it is none, or has inputs or outputs whose shapes are not fixed
 */
export function wrapEngine(network: Uint8Array, context: EngineContext): Uint8Array {
  if (basename(context.engine) !== context.engine || context.engine.includes('..'))
    throw new EngineError(`engine ${context.engine}: onnxruntime takes it from beside its ONNX file only`);
  const { input, output } = interfaceOf(network, context.source);
  const text = (name: string, value: string): OnnxNode['attribute'][number] => ({
    name,
    type: STRING,
    s: Buffer.from(value),
  });
  const node: OnnxNode = {
    name: 'engine',
    opType: OP,
    domain: DOMAIN,
    input: input.map(({ name }) => name),
    output: output.map(({ name }) => name),
    attribute: [
      { name: 'main_context', type: INT, i: 1 },
      // The engine stays a file of its own; left out, this would mean that it is in the attribute below.
      { name: 'embed_mode', type: INT, i: 0 },
      text('ep_cache_context', context.engine),
      text('ep_sdk_version', context.tensorrt),
      text('hardware_architecture', context.computeCapability.replace('.', '')),
      text('onnx_model_filename', basename(context.source)),
      text('source', PROVIDER),
    ],
  };
  return writeOnnx({
    irVersion: IR_VERSION,
    producerName: 'attendseg_node',
    producerVersion: '',
    graph: { name: 'engine', node: [node], initializer: [], input, output },
    opsetImport: [
      { domain: '', version: ONNX_OPSET },
      { domain: DOMAIN, version: 1 },
    ],
  });
}

/**
 * Checks that an ONNX file stands for this engine, and has the network's inputs and outputs.
 * @returns what is wrong, if something is
 */
export function problemOfWrapper(
  wrapper: Uint8Array,
  network: Uint8Array,
  context: EngineContext,
): string | undefined {
  try {
    return Buffer.compare(wrapper, wrapEngine(network, context)) === 0
      ? undefined
      : 'is not the ONNX file of this engine and model';
  } catch (error) {
    if (error instanceof EngineError) return error.message;
    throw error;
  }
}

/** Inputs that are none of its constants, and outputs. @throws EngineError */
function interfaceOf(network: Uint8Array, file: string): { input: OnnxValue[]; output: OnnxValue[] } {
  let graph: OnnxGraph | null;
  try {
    ({ graph } = readOnnx(network));
  } catch {
    graph = null;
  }
  if (graph === null || graph.output.length === 0)
    throw new EngineError(`model file ${file}: is no ONNX file, or not all of one; copy or export it again`);
  // Old files list their weights as inputs, too.
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const input = graph.input.filter(({ name }) => !constants.has(name));
  for (const value of [...input, ...graph.output]) {
    const shape = value.type?.tensorType?.shape;
    const dimensions = shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? (dimParam || '?'));
    if (dimensions?.every((dimension) => typeof dimension === 'number' && dimension > 0) === true) continue;
    const form = dimensions === undefined ? 'is not given' : `is ${dimensions.join('x')}`;
    throw new EngineError(
      `model file ${file}: the shape of ${value.name} ${form}, and an engine needs fixed ones; export it with fixed sizes`,
    );
  }
  return { input: input.map(bare), output: graph.output.map(bare) };
}

/** Name, type and shape only. */
function bare({ name, type }: OnnxValue): OnnxValue {
  const { elemType = 0, shape = null } = type?.tensorType ?? {};
  const dim = shape?.dim.map(({ dimValue }) => ({ dimValue: dimValue! })) ?? [];
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
