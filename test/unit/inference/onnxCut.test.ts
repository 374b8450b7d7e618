import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { endAt } from '#inference/onnxCut.js';
import { fieldsOf, OnnxFormatError, textOf } from '#inference/onnxHeader.js';

const GRAPH = 7;

/** A field of protobuf that holds bytes. */
function field(number: number, ...content: (string | Uint8Array)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)));
  const { length } = bytes;
  return Buffer.concat([Buffer.of(8 * number + 2, (length & 127) + 128, length >> 7), bytes]);
}

function node(kind: string, inputs: readonly string[], output: string, ...attributes: Uint8Array[]): Buffer {
  const names = [...inputs.map((name) => field(1, name)), field(2, output), field(4, kind)];
  return field(1, ...names, ...attributes.map((attribute) => field(5, attribute)));
}

function model(...graph: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(8, 9), field(GRAPH, ...graph), field(8, Buffer.of(16, 19))]);
}

/** What the graph of a model has: kinds of its nodes, and its outputs. */
function look(file: Uint8Array): { kinds: string[]; outputs: string[]; others: number[] } {
  const result = { kinds: [] as string[], outputs: [] as string[], others: [] as number[] };
  const graph = [...fieldsOf(file)].find(({ number }) => number === GRAPH)!.value as Uint8Array;
  for (const { number, value } of fieldsOf(graph)) {
    const inner = number === 1 || number === 12 ? [...fieldsOf(value as Uint8Array)] : [];
    const text = (wanted: number): string =>
      textOf(inner.find((each) => each.number === wanted)!.value as Uint8Array);
    if (number === 1) result.kinds.push(text(4));
    else if (number === 12) result.outputs.push(text(1));
    else result.others.push(number);
  }
  return result;
}

test('ends the graph at an inner tensor and leaves out what only serves the rest', () => {
  const whole = model(
    node('Conv', ['image', 'weights'], 'features'),
    node('Relu', ['features'], 'logits'),
    node('ArgMax', ['logits'], 'labels'),
    node('Sigmoid', ['features'], 'unused'),
    field(5, field(8, 'weights')),
    field(5, field(8, 'of nobody')),
    field(11, field(1, 'image')),
    field(12, field(1, 'labels')),
    field(12, field(1, 'unused')),
  );
  expect(look(endAt(whole, 'logits')!)).toEqual({
    kinds: ['Conv', 'Relu'],
    outputs: ['logits'],
    others: [5, 11],
  });
  // What stands around the graph stays.
  expect([...fieldsOf(endAt(whole, 'features')!)].map(({ number }) => number)).toEqual([1, GRAPH, 8]);
});

test('keeps what only a graph inside a node takes', () => {
  const inner = field(6, node('Add', ['outside', 'x'], 'y'), field(12, field(1, 'also')));
  const whole = model(
    node('Abs', ['image'], 'outside'),
    node('Neg', ['image'], 'also'),
    node('Exp', ['image'], 'nobody'),
    node('If', ['image'], 'logits', inner),
    field(12, field(1, 'logits')),
  );
  expect(look(endAt(whole, 'logits')!).kinds).toEqual(['Abs', 'Neg', 'If']);
});

describe('the published network', () => {
  const file = readFileSync('models/attendseg_camvid/attendseg_camvid_cpu_u8.onnx');

  test('loses its ArgMax and keeps every convolution of its own', () => {
    const { kinds, outputs } = look(endAt(file, 'logits')!);
    expect(outputs).toEqual(['logits']);
    expect(kinds.filter((kind) => kind === 'QLinearConv')).toHaveLength(113);
    for (const kind of ['ArgMax', 'Exp', 'Conv']) {
      expect(look(file).kinds).toContain(kind);
      expect(kinds).not.toContain(kind);
    }
  });

  test('has no tensor of another name', () => {
    expect(endAt(file, 'logit')).toBeUndefined();
    // An input is none either: nothing would be left to run.
    expect(endAt(file, 'image')).toBeUndefined();
  });

  test.each([1, 1000, 600_000, file.length - 1])('cut after %d bytes it is refused', (length) => {
    expect(() => endAt(file.subarray(0, length), 'logits')).toThrow(OnnxFormatError);
  });
});

test('graphs inside graphs without end are refused in words', () => {
  let graph = node('If', ['x'], 'y');
  for (let depth = 0; depth < 5000; depth++) graph = deep(1, deep(2, 'y'), deep(5, deep(6, graph)));
  const file = Buffer.concat([Buffer.of(8, 9), deep(GRAPH, graph)]);
  expect(() => endAt(file, 'y')).toThrow(OnnxFormatError);
  expect(() => endAt(file, 'y')).toThrow('its graphs never end');
});

/** As `field`, of any length. */
function deep(number: number, ...content: (string | Uint8Array)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)));
  const head = [8 * number + 2];
  let { length } = bytes;
  for (; length > 127; length >>= 7) head.push((length & 127) + 128);
  return Buffer.concat([Buffer.of(...head, length), bytes]);
}
