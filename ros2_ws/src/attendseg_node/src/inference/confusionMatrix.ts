/** Counts pixels by true and predicted class. */
export class ConfusionMatrix {
  /** classes x (classes + 1): rows true, columns predicted, the last one unlabelled. */
  readonly #counts: Float64Array;
  #leftOut = 0;

  constructor(readonly classes: number) {
    this.#counts = new Float64Array(classes * (classes + 1));
  }

  /** Both uint8 class ids of the same pixels; pixels whose truth is no class are left out. */
  add(truth: Uint8Array, predicted: Uint8Array): void {
    if (truth.length !== predicted.length)
      throw new RangeError(`${truth.length} labels for ${predicted.length} pixels`);
    const { classes } = this;
    for (let i = 0; i < truth.length; i++) {
      const row = truth[i]!;
      if (row >= classes) this.#leftOut++;
      else this.#counts[row * (classes + 1) + Math.min(predicted[i]!, classes)]!++;
    }
  }

  count(truth: number, predicted: number): number {
    return this.#counts[truth * (this.classes + 1) + predicted]!;
  }

  /** Pixels whose truth is no class. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Labelled pixels that were predicted as no class. */
  get unlabelled(): number {
    return this.#range().reduce((sum, id) => sum + this.count(id, this.classes), 0);
  }

  /** Intersection over union of each class in percent; NaN where the class neither occurs nor was predicted. */
  iou(): number[] {
    return this.#range().map((id) => {
      const union = this.#truths(id) + this.#predictions(id) - this.count(id, id);
      return (100 * this.count(id, id)) / union;
    });
  }

  /** Mean IoU over the classes that occur in the truth, in percent. */
  meanIou(): number {
    const known = this.iou().filter((_, id) => this.#truths(id) > 0);
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  }

  /** Share of pixels that are right, in percent. */
  accuracy(): number {
    const ids = this.#range();
    const right = ids.reduce((sum, id) => sum + this.count(id, id), 0);
    return (100 * right) / ids.reduce((sum, id) => sum + this.#truths(id), 0);
  }

  /** Share of each class in the predictions of labelled pixels, in percent. */
  shares(): number[] {
    const all = this.#range().reduce((sum, id) => sum + this.#truths(id), 0);
    return this.#range().map((id) => (100 * this.#predictions(id)) / all);
  }

  #truths(id: number): number {
    return this.#counts
      .subarray(id * (this.classes + 1), (id + 1) * (this.classes + 1))
      .reduce((a, b) => a + b, 0);
  }

  #predictions(id: number): number {
    return this.#range().reduce((sum, truth) => sum + this.count(truth, id), 0);
  }

  #range(): number[] {
    return Array.from({ length: this.classes }, (_, id) => id);
  }
}
