import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { UNLABELLED } from '../vision/unlabelled.js';
import { floatsOf, gridOf, idsOf } from './tensors.js';

/** What a network's outputs seem to be: `output` of a manifest, and how many classes. */
export interface OutputGuess {
  readonly output: Readonly<Record<string, string>>;
  readonly classes: number;
}

/**
 * Guesses what a network answers from its answers to a few pictures of width x height.
 * @param names its outputs, in its order
 */
export function guessOutput(
  names: readonly string[],
  answers: readonly InferenceSession.ReturnType[],
  width: number,
  height: number,
): OutputGuess | undefined {
  for (const name of names) {
    const tensors = answers.flatMap((answer) => answer[name] ?? []);
    const found = guessOne(tensors, name, width, height);
    if (found === undefined) continue;
    if (found.output['kind'] !== 'labels') return found;
    const confidence = names.find(
      (other) =>
        other !== name &&
        answers.every(({ [other]: t }) => t?.type === 'uint8' && t.data.length === width * height),
    );
    return confidence === undefined ? found : { ...found, output: { ...found.output, confidence } };
  }
  return undefined;
}

function guessOne(
  tensors: readonly Tensor[],
  name: string,
  width: number,
  height: number,
): OutputGuess | undefined {
  const [first] = tensors;
  if (first === undefined) return undefined;
  const floats = tensors.map((tensor) => floatsOf(tensor)).filter((values) => values !== undefined);
  const grid = gridOf(first.dims, 1);
  if (grid === undefined || !isLike(grid.rows, grid.columns, width, height)) {
    const found = channelsOf(first.dims, width, height);
    if (found === undefined || floats.length === 0) return undefined;
    return { output: { kind: 'logits', logits: name, layout: found.layout }, classes: found.channels };
  }
  const ids = tensors.map((tensor) => idsOf(tensor)).filter((values) => values !== undefined);
  if (ids.length === 0) return undefined;
  const every = (check: (value: number) => boolean): boolean =>
    ids.every((values) => Array.from(values, Number).every(check));
  if (floats.length === 0 || every(Number.isInteger)) {
    let highest = 1;
    for (const values of ids) {
      for (const id of Array.from(values, Number)) if (id < UNLABELLED && id > highest) highest = id;
    }
    return { output: { kind: 'labels', labels: name }, classes: highest + 1 };
  }
  const values = every((value) => value >= 0 && value <= 1) ? 'probabilities' : 'logits';
  return { output: { kind: 'sigmoid', sigmoid: name, values }, classes: 2 };
}

/** Channels are the dimension beside which the other two have the picture's proportions. */
function channelsOf(
  dims: readonly number[],
  width: number,
  height: number,
): { readonly layout: 'nchw' | 'nhwc'; readonly channels: number } | undefined {
  const core = dims.length === 4 && dims[0] === 1 ? dims.slice(1) : dims;
  if (core.length !== 3) return undefined;
  const [a, b, c] = core as [number, number, number];
  if (isLike(b, c, width, height) && a > 1 && a <= UNLABELLED) return { layout: 'nchw', channels: a };
  if (isLike(a, b, width, height) && c > 1 && c <= UNLABELLED) return { layout: 'nhwc', channels: c };
  return undefined;
}

/** Whether rows x columns have a picture's proportions, but for rounding. */
function isLike(rows: number, columns: number, width: number, height: number): boolean {
  return rows > 1 && columns > 1 && Math.abs(rows * width - columns * height) < Math.max(width, height);
}
