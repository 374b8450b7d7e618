import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, withoutBuilding } from '#inference/model.js';
import { ModelError } from '#inference/modelError.js';
import { readExternalData, whyNotLoaded } from '#inference/modelFile.js';
import { Network } from '#inference/network.js';
import { endAt } from '#inference/onnxCut.js';
import { fieldsOf, OnnxFormatError, readOnnxHeader, textOf } from '#inference/onnxHeader.js';
import { type Family, tellsOfMistake } from '../family.js';
import { mutate } from '../mutate.js';
import type { Random } from '../random.js';
import { ROOT } from '../root.js';

const MODEL = join(ROOT, 'models/attendseg_camvid');
const FILE = 'attendseg_camvid_cpu_u8.onnx';
const MANIFEST = readFileSync(join(MODEL, 'manifest.yaml'), 'utf8').replaceAll(/, sha256: \w+/g, '');
const BOUND = 64 * 2 ** 20;
/** Bytes of the shipped graph in which its first nodes are. */
const HEAD = 30_000;
/** onnxruntime's arenas grow as it runs the shipped network. */
const NETWORK_BOUND = 768 * 2 ** 20;

/** ONNX files: their header, and their cut at an inner tensor. */
export function openOnnx(): Promise<Family> {
  const shipped = readFileSync(join(MODEL, FILE));
  const names = tensorsOf(shipped);
  const examples = [...beginnings(shipped, names), withExternalData(), nested(20), nested(20_000)];
  const graphs = examples.map(graphOf);
  return Promise.resolve({
    bound: BOUND,
    // Lengths that no longer fit are found at once, so that most graphs are put into a file that fits them.
    generate: (random) => (random.oneIn(4) ? mutate(examples, random) : model(mutate(graphs, random))),
    decode: (input, passed) => {
      if (hasGraph(input)) passed();
      let header: Error | undefined;
      try {
        readOnnxHeader(input);
      } catch (error) {
        if (!(error instanceof OnnxFormatError)) throw error;
        header = error;
      }
      // Independent of whether the header can be read.
      for (const name of [names[0]!, names[1]!, 'y']) endAt(input, name);
      if (header !== undefined) throw header;
    },
    isDeclared: (error) => error instanceof OnnxFormatError,
  });
}

/** A model's folder: an input is two bytes, the manifest's length, then the manifest and the ONNX file. */
export function openModel(folder: string): Promise<Family> {
  const shipped = readFileSync(join(MODEL, FILE));
  const files = [...beginnings(shipped, tensorsOf(shipped)), withExternalData()];
  const examples = files.map((file) => {
    const head = Buffer.alloc(2);
    head.writeUInt16LE(MANIFEST.length);
    return Buffer.concat([head, Buffer.from(MANIFEST), file]);
  });
  // Few manifests survive a change, and the files behind them are what is looked for here: three of four stay whole.
  const generate = (random: Random): Uint8Array => {
    if (random.oneIn(4)) return mutate(examples, random);
    const example = Buffer.from(random.pick(examples));
    const file = mutate([example.subarray(2 + MANIFEST.length)], random);
    return Buffer.concat([example.subarray(0, 2 + MANIFEST.length), file]);
  };
  return Promise.resolve({
    bound: BOUND,
    generate,
    decode: (input, passed) => {
      const length = (input[0] ?? 0) + 256 * (input[1] ?? 0);
      const path = inFolder(folder, input.subarray(2, 2 + length), input.subarray(2 + length));
      const { manifest, bytes } = loadModel(path, withoutBuilding('cpu'));
      passed();
      whyNotLoaded(bytes, 'said');
      readExternalData(manifest, 'cpu', bytes);
    },
    isDeclared: (error) => error instanceof ModelError && !tellsOfMistake(error.message),
  });
}

/** The shipped network, changed, as far as onnxruntime and its first run. */
export function openNetwork(folder: string): Promise<Family> {
  const shipped = readFileSync(join(MODEL, FILE));
  const graph = graphOf(shipped);
  const manifest = Buffer.from(MANIFEST);
  return Promise.resolve({
    bound: NETWORK_BOUND,
    generate: (random) => {
      // Weights are most of the file, and change nothing.
      if (random.oneIn(4)) return mutate([shipped], random);
      const changed = mutate([graph.subarray(0, HEAD)], random);
      return model(changed, graph.subarray(HEAD));
    },
    decode: async (input, passed) => {
      const model = loadModel(inFolder(folder, manifest, input), withoutBuilding('cpu'));
      if (hasGraph(input)) passed();
      const network = await Network.open(model.manifest, model.bytes, { provider: 'cpu', threads: 1 });
      await network.close();
    },
    isDeclared: (error) => error instanceof ModelError && !tellsOfMistake(error.message),
  });
}

/** The first check: the fields of the file's own message, one of which is the graph. */
function hasGraph(file: Uint8Array): boolean {
  try {
    return [...fieldsOf(file)].some(({ number, value }) => number === 7 && typeof value !== 'number');
  } catch (error) {
    if (!(error instanceof OnnxFormatError)) throw error;
    return false;
  }
}

function graphOf(file: Uint8Array): Uint8Array {
  return [...fieldsOf(file)].find(({ number }) => number === 7)!.value as Uint8Array;
}

function inFolder(folder: string, manifest: Uint8Array, file: Uint8Array): string {
  const path = join(folder, 'model');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'manifest.yaml'), manifest);
  writeFileSync(join(path, FILE), file);
  return path;
}

/** Outputs of the first nodes of the shipped graph. */
function tensorsOf(model: Uint8Array): string[] {
  const nodes = [...fieldsOf(graphOf(model))].filter(({ number }) => number === 1).slice(0, 8);
  return nodes.map(({ value }) =>
    textOf([...fieldsOf(value as Uint8Array)].find(({ number }) => number === 2)!.value as Uint8Array),
  );
}

/** The shipped network up to some of its first tensors: small files. */
function beginnings(model: Uint8Array, names: readonly string[]): Uint8Array[] {
  return names.map((name) => endAt(model, name)!).filter(({ length }) => length < 20_000);
}

/** A field of protobuf that holds bytes. */
function field(number: number, ...content: readonly (string | Uint8Array)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part)));
  const head = [8 * number + 2];
  let { length } = bytes;
  for (; length > 127; length >>= 7) head.push((length & 127) + 128);
  return Buffer.concat([Buffer.of(...head, length), bytes]);
}

function model(...graph: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(8, 9), field(7, ...graph), field(8, Buffer.of(16, 19))]);
}

function withExternalData(): Buffer {
  const entry = field(13, field(1, 'location'), field(2, 'weights.bin'));
  return model(
    field(1, field(1, 'x'), field(1, 'w'), field(2, 'y'), field(4, 'Add')),
    field(5, field(8, 'w'), entry),
    field(11, field(1, 'x')),
    field(12, field(1, 'y')),
  );
}

/** Graphs inside graphs. */
function nested(depth: number): Buffer {
  let graph = field(1, field(1, 'x'), field(2, 'y'));
  for (let i = 0; i < depth && graph.length < 120_000; i++)
    graph = field(1, field(2, 'y'), field(5, field(6, graph)));
  return model(graph);
}
