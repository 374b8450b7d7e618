import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { UNLABELLED } from '../vision/unlabelled.js';
import { enlargeIds, foregroundToLabels } from './labels.js';
import type { LogitReader } from './logitReader.js';
import type { Manifest, NetworkOutput } from './manifest.js';
import { ModelError } from './modelError.js';
import { describe, floatsOf, gridOf, idsOf } from './tensors.js';

type Output<Kind> = Extract<NetworkOutput, { kind: Kind }>;

/** Reads class ids and confidence out of what a network answers. */
export class OutputReader {
  readonly #manifest: Manifest;
  readonly #names: readonly string[];
  /** Whether class ids were once seen to be such. */
  #answered = false;

  /** `names`: the network's outputs, in its order. */
  constructor(
    manifest: Manifest,
    names: readonly string[],
    private readonly logits: LogitReader,
  ) {
    this.#manifest = manifest;
    this.#names = names;
  }

  /**
   * Fills both, HxW uint8 of the manifest's input size; see Network.run.
   * @returns whether all logits or probabilities are finite
   * @throws ModelError if the outputs are not what the manifest says.
   */
  read(results: InferenceSession.ReturnType, labels: Uint8Array, confidence?: Uint8Array): boolean {
    const { output } = this.#manifest;
    switch (output.kind) {
      case 'logits':
        return this.#readLogits(this.#find(results, output.logits, 0), output, labels, confidence);
      case 'sigmoid':
        return this.#readForeground(this.#find(results, output.sigmoid, 0), output, labels, confidence);
      case 'labels':
        this.#readIds(this.#find(results, output.labels, 0), output, labels);
        if (confidence !== undefined) this.#readConfidence(results, output, labels, confidence);
        return true;
    }
  }

  #readLogits(
    tensor: Tensor,
    { layout, temperature }: Output<'logits'>,
    labels: Uint8Array,
    confidence?: Uint8Array,
  ): boolean {
    const { classes, input } = this.#manifest;
    const values = floatsOf(tensor);
    const grid = gridOf(tensor.dims, classes.length, layout);
    if (values === undefined || grid === undefined) {
      const shape = layout === 'nhwc' ? `1xHxWx${classes.length}` : `1x${classes.length}xHxW`;
      throw this.#mismatch(tensor, `floats ${shape}`, this.#otherKind(tensor));
    }
    const { width, height } = input;
    return this.logits.read(values, classes.length, grid, width, height, labels, confidence, temperature);
  }

  #readForeground(
    tensor: Tensor,
    { layout, values: kind, threshold }: Output<'sigmoid'>,
    labels: Uint8Array,
    confidence?: Uint8Array,
  ): boolean {
    const { width, height } = this.#manifest.input;
    const values = floatsOf(tensor);
    const grid = gridOf(tensor.dims, 1, layout);
    if (values === undefined || grid === undefined) {
      throw this.#mismatch(tensor, 'floats 1x1xHxW', this.#otherKind(tensor));
    }
    const outside = kind === 'probabilities' ? values.find((value) => value < 0 || value > 1) : undefined;
    if (outside !== undefined) {
      throw new ModelError(
        `model ${this.#manifest.path}: output has ${outside}, which is no probability; add output.values: logits`,
      );
    }
    return foregroundToLabels(values, kind, threshold, grid, width, height, labels, confidence);
  }

  #readIds(tensor: Tensor, { layout }: Output<'labels'>, labels: Uint8Array): void {
    const { classes, input } = this.#manifest;
    const grid = gridOf(tensor.dims, 1, layout);
    const ids = idsOf(tensor);
    if (grid === undefined || ids === undefined) {
      throw this.#mismatch(tensor, 'class ids 1xHxW', this.#otherKind(tensor));
    }
    if (!this.#answered && mostlyFractions(ids)) {
      throw this.#mismatch(tensor, `class ids, not ${ids[0]!}`, this.#otherKind(tensor));
    }
    this.#answered = true;
    enlargeIds(ids, classes.length, grid, input.width, input.height, labels);
  }

  #readConfidence(
    results: InferenceSession.ReturnType,
    { confidence: name }: Output<'labels'>,
    labels: Uint8Array,
    confidence: Uint8Array,
  ): void {
    const tensor = name === undefined ? undefined : this.#find(results, name, 1);
    if (tensor === undefined) {
      confidence.fill(255);
    } else if (tensor.type === 'uint8' && tensor.data.length === confidence.length) {
      confidence.set(tensor.data as Uint8Array);
    } else {
      const { width, height } = this.#manifest.input;
      throw this.#mismatch(tensor, `uint8 ${height}x${width} for confidence`);
    }
    for (let i = 0; i < labels.length; i++) if (labels[i] === UNLABELLED) confidence[i] = 0;
  }

  #find(results: InferenceSession.ReturnType, name: string | undefined, index: number): Tensor {
    const wanted = name ?? this.#names[index] ?? '';
    const tensor = results[wanted];
    if (tensor === undefined) {
      throw new ModelError(
        `model ${this.#manifest.path}: has no output "${wanted}"; it has ${this.#names.join(', ')}`,
      );
    }
    return tensor;
  }

  /** The kind of output that would suit a tensor which the manifest's does not. */
  #otherKind(tensor: Tensor): string {
    const { output, classes } = this.#manifest;
    const one = gridOf(tensor.dims, 1) !== undefined;
    const floats = floatsOf(tensor) !== undefined;
    let kind: NetworkOutput['kind'] | undefined;
    if (one) kind = floats ? 'sigmoid' : 'labels';
    else if (floats && gridOf(tensor.dims, classes.length) !== undefined) kind = 'logits';
    if (kind === undefined) return 'correct classes, or name another output';
    if (kind === output.kind) return 'correct output.layout';
    return `set output.kind: ${kind}${kind === 'sigmoid' ? ', with two classes' : ''}`;
  }

  #mismatch(tensor: Tensor, wanted: string, remedy = 'name another output'): ModelError {
    return new ModelError(
      `model ${this.#manifest.path}: output is ${describe(tensor.type, tensor.dims)}, but its manifest (classes, output.kind) needs ${wanted}; ${remedy}`,
    );
  }
}

/** Probabilities and the like; a few ids that are none may come of padding. */
function mostlyFractions(ids: ArrayLike<number | bigint>): boolean {
  let fractions = 0;
  for (let i = 0; i < ids.length; i++) if (Number(ids[i]) % 1 !== 0 && Number.isFinite(ids[i])) fractions++;
  return 2 * fractions > ids.length;
}
