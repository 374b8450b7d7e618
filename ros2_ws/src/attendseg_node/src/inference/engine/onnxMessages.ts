import protobuf from 'protobufjs';

/**
 * The messages of onnx.proto3 that a graph with one node and its inputs and outputs consists of. Fields that are not
 * here, weights above all, are passed over when a file is read.
 */
const root = protobuf.Root.fromJSON({
  options: { syntax: 'proto3' },
  nested: {
    Model: message({
      irVersion: [1, 'int64'],
      producerName: [2, 'string'],
      producerVersion: [3, 'string'],
      graph: [7, 'Graph'],
      opsetImport: [8, 'Opset', 'repeated'],
    }),
    Opset: message({ domain: [1, 'string'], version: [2, 'int64'] }),
    Graph: message({
      node: [1, 'Node', 'repeated'],
      name: [2, 'string'],
      initializer: [5, 'TensorName', 'repeated'],
      input: [11, 'ValueInfo', 'repeated'],
      output: [12, 'ValueInfo', 'repeated'],
    }),
    Node: message({
      input: [1, 'string', 'repeated'],
      output: [2, 'string', 'repeated'],
      name: [3, 'string'],
      opType: [4, 'string'],
      attribute: [5, 'Attribute', 'repeated'],
      domain: [7, 'string'],
    }),
    Attribute: message({ name: [1, 'string'], i: [3, 'int64'], s: [4, 'bytes'], type: [20, 'int32'] }),
    TensorName: message({ name: [8, 'string'] }),
    ValueInfo: message({ name: [1, 'string'], type: [2, 'Type'] }),
    Type: message({ tensorType: [1, 'TensorType'] }),
    TensorType: message({ elemType: [1, 'int32'], shape: [2, 'Shape'] }),
    Shape: message({ dim: [1, 'Dimension', 'repeated'] }),
    // One of both in onnx.proto3, and so written even if 0.
    Dimension: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      ...message({ dimValue: [1, 'int64'], dimParam: [2, 'string'] }),
    },
  },
});

export interface OnnxModel {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  graph: OnnxGraph | null;
  opsetImport: { domain: string; version: number }[];
}
export interface OnnxGraph {
  node: OnnxNode[];
  name: string;
  initializer: { name: string }[];
  input: OnnxValue[];
  output: OnnxValue[];
}
export interface OnnxNode {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  attribute: OnnxAttribute[];
  domain: string;
}
export interface OnnxAttribute {
  name: string;
  type: number;
  i?: number;
  s?: Uint8Array;
}
export interface OnnxValue {
  name: string;
  type: { tensorType: OnnxTensorType | null } | null;
}
export interface OnnxTensorType {
  /** As in onnx.TensorProto. */
  elemType: number;
  shape: { dim: { dimValue?: number; dimParam?: string }[] } | null;
}

/** Types of attributes, as in onnx.AttributeProto. */
export const INT = 2;
export const STRING = 3;

const model = root.lookupType('Model');

/** @throws Error if it is no protobuf message, or cut */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  return model.toObject(model.decode(bytes), {
    longs: Number,
    arrays: true,
    // Of optional messages: null.
    defaults: true,
    oneofs: false,
  }) as OnnxModel;
}

/** The bytes of a file. */
export function writeOnnx(content: OnnxModel): Uint8Array {
  return model.encode(model.fromObject(content)).finish();
}

type Field = [id: number, type: string, rule?: 'repeated'];

function message(fields: Record<string, Field>): protobuf.IType {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [id, type, rule]]) => [
        name,
        { id, type, ...(rule === undefined ? {} : { rule }) },
      ]),
    ),
  };
}
