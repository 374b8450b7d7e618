import { DEEPEST, fieldsOf, OnnxFormatError, textOf, type OnnxField } from './onnxHeader.js';

/** Fields of the messages of onnx.proto3 by name. */
const GRAPH = { node: 1, initializer: 5, output: 12 };
const NODE = { input: 1, output: 2, attribute: 5 };
const ATTRIBUTE = { graph: 6, graphs: 11 };
const TENSOR_NAME = 8;
const MODEL_GRAPH = 7;
/** Of a ValueInfoProto; its type is left to whoever loads the model, and infers it. */
const VALUE_NAME = 1;

/**
 * The same model, ended at one of its inner tensors, which becomes its only output: nodes and weights that only serve what
 * comes behind it are left out.
 * @returns undefined if the graph has no such tensor
 * @throws OnnxFormatError if `model` is no ONNX file
 */
export function endAt(model: Uint8Array, tensor: string): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let found = false;
  for (const field of fieldsOf(model)) {
    if (field.number !== MODEL_GRAPH || typeof field.value === 'number') {
      parts.push(field.bytes);
      continue;
    }
    const graph = cutGraph(field.value, tensor);
    if (graph === undefined) return undefined;
    found = true;
    parts.push(message(MODEL_GRAPH, graph));
  }
  if (!found) throw new OnnxFormatError('is no ONNX file');
  return Buffer.concat(parts);
}

/**
 * The same model, whose graph also gives out inner tensors; those that are outputs already may be among them.
 * @throws OnnxFormatError if `model` is no ONNX file
 */
export function alsoGiving(model: Uint8Array, tensors: readonly string[]): Uint8Array {
  const parts = [...fieldsOf(model)].map((field) => {
    if (field.number !== MODEL_GRAPH || typeof field.value === 'number') return field.bytes;
    const given = new Set<string>();
    for (const { number, value } of fieldsOf(field.value))
      if (number === GRAPH.output && typeof value !== 'number') given.add(textIn(value, VALUE_NAME) ?? '');
    const added = tensors
      .filter((tensor) => !given.has(tensor))
      .map((tensor) => message(GRAPH.output, message(VALUE_NAME, Buffer.from(tensor))));
    return message(MODEL_GRAPH, Buffer.concat([field.value, ...added]));
  });
  return Buffer.concat(parts);
}

function cutGraph(graph: Uint8Array, tensor: string): Uint8Array | undefined {
  const fields = [...fieldsOf(graph)];
  const needed = new Set([tensor]);
  const kept = new Set<OnnxField>();
  // Nodes stand behind those whose outputs they take.
  for (const field of fields.toReversed()) {
    if (field.number !== GRAPH.node || typeof field.value === 'number') continue;
    const { inputs, outputs } = namesOf(field.value);
    if (!outputs.some((name) => needed.has(name))) continue;
    kept.add(field);
    for (const name of inputs) needed.add(name);
  }
  if (kept.size === 0) return undefined;
  const rest = fields.filter((field) => {
    const { number, value } = field;
    if (number === GRAPH.node) return kept.has(field);
    if (number === GRAPH.initializer && typeof value !== 'number')
      return needed.has(textIn(value, TENSOR_NAME) ?? '');
    return number !== GRAPH.output;
  });
  const output = message(GRAPH.output, message(VALUE_NAME, Buffer.from(tensor)));
  return Buffer.concat([...rest.map(({ bytes }) => bytes), output]);
}

/** What a node takes and gives; graphs inside it may take any tensor of the one around them. */
function namesOf(node: Uint8Array, depth = 0): { readonly inputs: string[]; readonly outputs: string[] } {
  if (depth > DEEPEST) throw new OnnxFormatError('is no ONNX file: its graphs never end');
  const inputs: string[] = [];
  const outputs: string[] = [];
  for (const { number, value } of fieldsOf(node)) {
    if (typeof value === 'number') continue;
    if (number === NODE.input) inputs.push(textOf(value));
    else if (number === NODE.output) outputs.push(textOf(value));
    else if (number === NODE.attribute) inputs.push(...innerInputs(value, depth + 1));
  }
  return { inputs, outputs };
}

function innerInputs(attribute: Uint8Array, depth: number): string[] {
  const names: string[] = [];
  for (const { number, value } of fieldsOf(attribute)) {
    if (typeof value === 'number' || (number !== ATTRIBUTE.graph && number !== ATTRIBUTE.graphs)) continue;
    for (const inner of fieldsOf(value)) {
      if (inner.number === GRAPH.node && typeof inner.value !== 'number')
        names.push(...namesOf(inner.value, depth).inputs);
      // It may also give out a tensor of the graph around it.
      if (inner.number === GRAPH.output && typeof inner.value !== 'number')
        names.push(textIn(inner.value, VALUE_NAME) ?? '');
    }
  }
  return names;
}

/** The text in one of a message's fields. */
function textIn(content: Uint8Array, wanted: number): string | undefined {
  for (const { number, value } of fieldsOf(content))
    if (number === wanted && typeof value !== 'number') return textOf(value);
  return undefined;
}

/** A field that holds a message or a text. */
function message(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint(8 * number + 2), varint(content.length), content]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.of(...bytes, value);
}
