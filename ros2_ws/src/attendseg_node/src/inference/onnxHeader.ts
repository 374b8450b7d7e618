/** What stands around the weights of an ONNX file (onnx.proto3), which onnxruntime does not tell. */
export interface OnnxHeader {
  readonly irVersion: number;
  /** The program that wrote it; empty if it does not say. */
  readonly producer: string;
  /** Of ONNX itself; undefined if the file uses other operators only. */
  readonly opset: number | undefined;
  /** Files with weights, as the model names them: relative to its folder. */
  readonly externalData: readonly string[];
}

/** A file that is no ONNX file, or not all of one. */
export class OnnxFormatError extends Error {}

/** Fields of protobuf messages by name. */
const MODEL = { irVersion: 1, producer: 2, producerVersion: 3, graph: 7, opset: 8 };
const OPSET = { domain: 1, version: 2 };
/** Where tensors are found: by message, the fields that hold others, and what those are. */
const INSIDE: Record<'graph' | 'node' | 'attribute' | 'sparse', Record<number, Holder>> = {
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
};
type Holder = 'graph' | 'node' | 'attribute' | 'sparse' | 'tensor';
const TENSOR_EXTERNAL = 13;
const ENTRY = { key: 1, value: 2 };
/** Graphs inside graphs; more than any exporter makes. */
export const DEEPEST = 64;

/**
 * Reads the header. Weights are skipped, not looked at.
 * @throws OnnxFormatError naming the cause
 */
export function readOnnxHeader(file: Uint8Array): OnnxHeader {
  let irVersion: number | undefined;
  let producer = '';
  let opset: number | undefined;
  let graph: Uint8Array | undefined;
  for (const { number, value } of fieldsOf(file)) {
    if (number === MODEL.irVersion && typeof value === 'number') irVersion = value;
    if (typeof value === 'number') continue;
    if (number === MODEL.producer || number === MODEL.producerVersion) {
      producer = `${producer} ${textOf(value)}`.trim();
    } else if (number === MODEL.opset) {
      opset = onnxOpset(value) ?? opset;
    } else if (number === MODEL.graph) graph = value;
  }
  if (irVersion === undefined || graph === undefined) throw new OnnxFormatError('is no ONNX file');
  const externalData = new Set<string>();
  collect(graph, 'graph', externalData, 0);
  return { irVersion, producer, opset, externalData: [...externalData] };
}

function onnxOpset(message: Uint8Array): number | undefined {
  let domain = '';
  let version: number | undefined;
  for (const { number, value } of fieldsOf(message)) {
    if (number === OPSET.domain && typeof value !== 'number') domain = textOf(value);
    if (number === OPSET.version && typeof value === 'number') version = value;
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function collect(message: Uint8Array, kind: Holder, found: Set<string>, depth: number): void {
  if (depth > DEEPEST) throw new OnnxFormatError('is no ONNX file: its graphs never end');
  for (const { number, value } of fieldsOf(message)) {
    if (typeof value === 'number') continue;
    if (kind === 'tensor') {
      const location = number === TENSOR_EXTERNAL ? locationOf(value) : undefined;
      if (location !== undefined) found.add(location);
      continue;
    }
    const inner = INSIDE[kind][number];
    if (inner !== undefined) collect(value, inner, found, depth + 1);
  }
}

function locationOf(entry: Uint8Array): string | undefined {
  const said = new Map<number, string>();
  for (const { number, value } of fieldsOf(entry)) {
    if (typeof value !== 'number') said.set(number, textOf(value));
  }
  return said.get(ENTRY.key) === 'location' ? said.get(ENTRY.value) : undefined;
}

export interface OnnxField {
  readonly number: number;
  /** The bytes of a text or a message, or a number; 0 for floats, which nobody asks for. */
  readonly value: Uint8Array | number;
  /** All of it as it stands in the message. */
  readonly bytes: Uint8Array;
}

/**
 * The fields of one message of protobuf, in its order.
 * @throws OnnxFormatError if it is none, or is cut
 */
export function* fieldsOf(message: Uint8Array): Generator<OnnxField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = message[at++];
      if (byte === undefined) throw new OnnxFormatError('is cut in the middle of a number');
      // Of negative numbers, ten bytes long, only the size is lost.
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new OnnxFormatError('is no ONNX file');
  };
  const skip = (bytes: number): number => {
    at += bytes;
    if (at > message.length) {
      throw new OnnxFormatError(`is cut: ${at - message.length} bytes or more are missing at its end`);
    }
    return at;
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: message.subarray(start, at) };
        break;
      case 1:
        skip(8);
        yield { number, value: 0, bytes: message.subarray(start, at) };
        break;
      case 2: {
        const length = varint();
        const from = at;
        yield { number, value: message.subarray(from, skip(length)), bytes: message.subarray(start, at) };
        break;
      }
      case 5:
        skip(4);
        yield { number, value: 0, bytes: message.subarray(start, at) };
        break;
      default:
        throw new OnnxFormatError('is no ONNX file');
    }
  }
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
