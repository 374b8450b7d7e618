import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { halfBits } from './half.js';
import type { Manifest, NetworkInput } from './manifest.js';
import { ModelError } from './modelError.js';
import { describe } from './tensors.js';

type Layout = NetworkInput['layout'];
const LAYOUTS: readonly Layout[] = ['nchw_float32', 'nhwc_float32', 'hwc_uint8', 'nhwc_uint8', 'nchw_uint8'];

/** What a layout needs of the network's input, in the manifest's size. */
function shapeOf(layout: Layout, width: number, height: number): number[] {
  if (layout === 'hwc_uint8') return [height, width, 3];
  return layout.startsWith('nchw') ? [1, 3, height, width] : [1, height, width, 3];
}

function takes(type: string, layout: Layout): boolean {
  return layout.endsWith('uint8') ? type === 'uint8' : type === 'float32' || type === 'float16';
}

/** Of any of a tensor's types: float16 as its bits. */
type Values = Float32Array | Uint16Array | Uint8Array;

/** Makes pictures to what the network takes. Its tensor is used again by the next picture. */
export class NetworkFeed {
  readonly name: string;
  readonly #input: NetworkInput;
  readonly #shape: number[];
  /** By channel of the network: what each of a picture's 256 values becomes. None if the bytes go in as they are. */
  readonly #tables: readonly Values[];
  readonly #tensor: Tensor | undefined;
  readonly #values: Values;

  /** @throws ModelError if the network takes something else than the manifest says. */
  constructor(manifest: Manifest, inputs: readonly InferenceSession.ValueMetadata[]) {
    const { input } = manifest;
    this.#input = input;
    this.#shape = shapeOf(input.layout, input.width, input.height);
    const { name, type } = chosenInput(manifest, inputs, this.#shape);
    this.name = name;
    if (!('mean' in input)) {
      const asTheyAre = input.channels === 'rgb' && input.layout !== 'nchw_uint8';
      const same = Uint8Array.from({ length: 256 }, (_, value) => value);
      this.#tables = asTheyAre ? [] : [same, same, same];
      this.#values = new Uint8Array(asTheyAre ? 0 : 3 * input.width * input.height);
      this.#tensor = asTheyAre ? undefined : new Tensor('uint8', this.#values, this.#shape);
      return;
    }
    const { mean, std, range } = input;
    const normalised = mean.map((middle, c) =>
      Float32Array.from({ length: 256 }, (_, value) => ((value * range) / 255 - middle) / std[c]!),
    );
    const size = 3 * input.width * input.height;
    if (type === 'float16') {
      this.#tables = normalised.map((table) => Uint16Array.from(table, halfBits));
      this.#values = new Uint16Array(size);
      this.#tensor = new Tensor('float16', this.#values, this.#shape);
    } else {
      this.#tables = normalised;
      this.#values = new Float32Array(size);
      this.#tensor = new Tensor('float32', this.#values, this.#shape);
    }
  }

  /** @param picture HxWx3 uint8 RGB of the manifest's size */
  tensor(picture: Uint8Array): Tensor {
    if (this.#tensor === undefined) return new Tensor('uint8', picture, this.#shape);
    const { width, height, channels, layout } = this.#input;
    const pixels = width * height;
    const values = this.#values;
    const first = layout.startsWith('nchw');
    const stride = first ? 1 : 3;
    for (let channel = 0; channel < 3; channel++) {
      const table = this.#tables[channel]!;
      let from = channels === 'rgb' ? channel : 2 - channel;
      let to = first ? channel * pixels : channel;
      for (let i = 0; i < pixels; i++, from += 3, to += stride) values[to] = table[picture[from]!]!;
    }
    return this.#tensor;
  }
}

function chosenInput(
  manifest: Manifest,
  inputs: readonly InferenceSession.ValueMetadata[],
  shape: readonly number[],
): InferenceSession.TensorValueMetadata {
  const { name, layout, width, height } = manifest.input;
  const names = inputs.map((entry) => entry.name).join(', ');
  const chosen = name === undefined ? inputs[0] : inputs.find((entry) => entry.name === name);
  if (chosen?.isTensor !== true) {
    throw new ModelError(
      `model ${manifest.path}: its network has no input ${name ?? ''}; set input.name to one of ${names}`,
    );
  }
  const other = inputs.find((entry) => entry !== chosen);
  if (other !== undefined) {
    const spelled = other.isTensor ? ` (${describe(other.type, other.shape)})` : '';
    throw new ModelError(
      `model ${manifest.path}: its network takes ${other.name}${spelled} beside ${chosen.name}, and only pictures can be fed; make ${other.name} a constant of the ONNX file, or set input.name to the picture`,
    );
  }
  if (fits(chosen, layout, shape)) return chosen;
  const others = LAYOUTS.filter((other) => fits(chosen, other, shapeOf(other, width, height)));
  const better = sizeFor(chosen, layout, width, height);
  let remedy = 'export it with such an input';
  if (others.length > 0) remedy = `set input.layout: ${others.join(' or ')}`;
  else if (better) remedy = `set input.width: ${better.width} and input.height: ${better.height}`;
  throw new ModelError(
    `model ${manifest.path}: its network takes ${chosen.name} as ${describe(chosen.type, chosen.shape)}, but its manifest (input.layout ${layout}, width ${width}, height ${height}) feeds ${shape.join('x')}; ${remedy}`,
  );
}

/** Dimensions that the network leaves free are the manifest's; a shape without any is not known. */
function fits(
  { type, shape }: InferenceSession.TensorValueMetadata,
  layout: Layout,
  wanted: readonly number[],
): boolean {
  if (!takes(type, layout)) return false;
  if (shape.length === 0) return true;
  return shape.length === wanted.length && wanted.every((size, i) => !isFixed(shape[i]) || shape[i] === size);
}

/** The width and height at which a layout would fit, those given where the network leaves them free. */
function sizeFor(
  input: InferenceSession.TensorValueMetadata,
  layout: Layout,
  width: number,
  height: number,
): { readonly width: number; readonly height: number } | undefined {
  const places = shapeOf(layout, -1, -2);
  const [columns, rows] = [input.shape[places.indexOf(-1)], input.shape[places.indexOf(-2)]];
  const size = { width: isFixed(columns) ? columns : width, height: isFixed(rows) ? rows : height };
  return fits(input, layout, shapeOf(layout, size.width, size.height)) ? size : undefined;
}

/** A layout and size that fits a network's input, with `size` where it leaves them free; undefined if none does. */
export function guessInput(
  input: InferenceSession.TensorValueMetadata,
  size: { readonly width: number; readonly height: number },
): { readonly layout: Layout; readonly width: number; readonly height: number } | undefined {
  for (const layout of LAYOUTS) {
    const found = sizeFor(input, layout, size.width, size.height);
    // Otherwise three rows or columns would pass for channels.
    if (found !== undefined && Math.min(found.width, found.height) >= 16) return { layout, ...found };
  }
  return undefined;
}

function isFixed(size: number | string | undefined): size is number {
  return typeof size === 'number' && size > 0;
}
