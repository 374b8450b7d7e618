import protobuf from 'protobufjs';
import { errorText } from '../../errorText.js';
import { OnnxFormatError } from '../onnxHeader.js';

/** A constant of a graph. */
export interface Constant {
  readonly dims: readonly number[];
  /** As in onnx.TensorProto. */
  readonly type: number;
  /** Little endian; empty where the values are in another file, or stand in the message as numbers. */
  readonly raw: Uint8Array;
  readonly numbers: readonly number[];
}

export interface GraphNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly numbers: ReadonlyMap<string, readonly number[]>;
}

/** A graph as its checks need it. */
export class OnnxGraph {
  /** By the tensor that they give. */
  readonly makers = new Map<string, GraphNode>();
  /** By the tensor that they take. */
  readonly takers = new Map<string, GraphNode[]>();

  constructor(
    readonly nodes: readonly GraphNode[],
    readonly constants: ReadonlyMap<string, Constant>,
  ) {
    for (const node of nodes) {
      for (const output of node.outputs) this.makers.set(output, node);
      for (const input of node.inputs) this.takers.set(input, [...(this.takers.get(input) ?? []), node]);
    }
  }

  /** The node that gives a tensor, if it is of this kind. */
  madeBy(tensor: string | undefined, op: string): GraphNode | undefined {
    const maker = tensor === undefined ? undefined : this.makers.get(tensor);
    return maker?.op === op ? maker : undefined;
  }
}

export const INT8 = 3;
export const UINT8 = 2;
/** Bytes of the types whose zeros are looked for; of others, nothing is known. */
const WHOLE_TYPES = new Set([UINT8, INT8, 4, 5, 6, 7]);

/** Whether all values of a constant of whole numbers are zero. */
export function isZero({ type, raw, numbers }: Constant): boolean {
  return WHOLE_TYPES.has(type) && raw.every((byte) => byte === 0) && numbers.every((value) => value === 0);
}

export function elements(dims: readonly number[]): number {
  return dims.reduce((product, length) => product * length, 1);
}

const root = protobuf.Root.fromJSON({
  options: { syntax: 'proto3' },
  nested: {
    Model: { fields: { graph: { id: 7, type: 'Graph' } } },
    Graph: {
      fields: {
        node: { id: 1, type: 'Node', rule: 'repeated' },
        initializer: { id: 5, type: 'Tensor', rule: 'repeated' },
      },
    },
    Node: {
      fields: {
        input: { id: 1, type: 'string', rule: 'repeated' },
        output: { id: 2, type: 'string', rule: 'repeated' },
        name: { id: 3, type: 'string' },
        opType: { id: 4, type: 'string' },
        attribute: { id: 5, type: 'Attribute', rule: 'repeated' },
        domain: { id: 7, type: 'string' },
      },
    },
    Attribute: {
      fields: {
        name: { id: 1, type: 'string' },
        i: { id: 3, type: 'int64' },
        t: { id: 5, type: 'Tensor' },
        ints: { id: 8, type: 'int64', rule: 'repeated' },
      },
    },
    Tensor: {
      fields: {
        dims: { id: 1, type: 'int64', rule: 'repeated' },
        dataType: { id: 2, type: 'int32' },
        int32Data: { id: 5, type: 'int32', rule: 'repeated' },
        int64Data: { id: 7, type: 'int64', rule: 'repeated' },
        name: { id: 8, type: 'string' },
        rawData: { id: 9, type: 'bytes' },
      },
    },
  },
});
const model = root.lookupType('Model');

interface RawTensor {
  readonly dims: number[];
  readonly dataType: number;
  readonly int32Data: number[];
  readonly int64Data: number[];
  readonly name: string;
  readonly rawData: Uint8Array;
}
interface RawModel {
  readonly graph: {
    readonly node: {
      readonly input: string[];
      readonly output: string[];
      readonly name: string;
      readonly opType: string;
      readonly domain: string;
      readonly attribute: {
        readonly name: string;
        readonly i: number;
        readonly ints: number[];
        readonly t: RawTensor | null;
      }[];
    }[];
    readonly initializer: RawTensor[];
  } | null;
}

/** @throws OnnxFormatError if the bytes are no ONNX file */
export function readGraph(bytes: Uint8Array): OnnxGraph {
  let content: RawModel;
  try {
    content = model.toObject(model.decode(bytes), {
      longs: Number,
      arrays: true,
      defaults: true,
    }) as RawModel;
  } catch (error) {
    throw new OnnxFormatError(`is no ONNX file: ${errorText(error)}`);
  }
  if (content.graph === null) throw new OnnxFormatError('is no ONNX file: it has no graph');
  const constants = new Map<string, Constant>();
  const keep = (name: string, { dims, dataType, rawData, int32Data, int64Data }: RawTensor): void => {
    constants.set(name, { dims, type: dataType, raw: rawData, numbers: [...int32Data, ...int64Data] });
  };
  for (const tensor of content.graph.initializer) keep(tensor.name, tensor);
  const nodes: GraphNode[] = [];
  for (const { input, output, name, opType, domain, attribute } of content.graph.node) {
    const value = opType === 'Constant' ? attribute.find(({ t }) => t !== null)?.t : undefined;
    if (value != null && output[0] !== undefined) keep(output[0], value);
    const numbers = new Map(attribute.map(({ name: key, i, ints }) => [key, ints.length > 0 ? ints : [i]]));
    nodes.push({ op: opType, domain, name, inputs: input, outputs: output, numbers });
  }
  return new OnnxGraph(nodes, constants);
}
