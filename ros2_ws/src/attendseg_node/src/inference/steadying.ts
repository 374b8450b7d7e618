import { UNLABELLED } from '../vision/unlabelled.js';

/** Labels below `threshold` (0-1) become UNLABELLED with confidence 0. Both uint8, of one size. */
export function applyThreshold(labels: Uint8Array, confidence: Uint8Array, threshold: number): void {
  const least = threshold * 255;
  for (let i = 0; i < labels.length; i++) {
    if (confidence[i]! >= least) continue;
    labels[i] = UNLABELLED;
    confidence[i] = 0;
  }
}

/** As certain as this (0-255), a new label is shown at once. */
const CERTAIN = 150;

/**
 * Steadies one camera's labels from frame to frame: a pixel keeps its label for as long as there is evidence for it, an
 * average of how certain it was, off which every other label takes how certain that one is. So a doubtful change has to
 * last, and a certain one comes through at once and leaves no ghost. test/bench/smoothing.bench.mjs measures both.
 */
export class Steadier {
  readonly #labels: Uint8Array;
  /** For the kept label, in units of confidence. */
  readonly #evidence: Float32Array;
  #placement: string | undefined;

  constructor(pixels: number) {
    this.#labels = new Uint8Array(pixels).fill(UNLABELLED);
    this.#evidence = new Float32Array(pixels);
  }

  /**
   * Changes both in place, uint8 of the network's size.
   * @param keep 0-1: the share of the evidence that is as old as the last frame; at 0 nothing is changed
   * @param placement how the picture lies in the network's input; when it changes, all is forgotten
   */
  apply(labels: Uint8Array, confidence: Uint8Array, keep: number, placement: string): void {
    if (placement !== this.#placement) this.#evidence.fill(0);
    this.#placement = placement;
    const kept = this.#labels;
    const evidence = this.#evidence;
    for (let i = 0; i < labels.length; i++) {
      const certain = confidence[i]!;
      const fresh = certain * (1 - keep);
      const old = evidence[i]! * keep;
      if (labels[i] === kept[i]) {
        evidence[i] = old + fresh;
      } else if (certain >= CERTAIN || certain === 0 || old <= fresh) {
        // Without any certainty no class won, which is not doubt but a fact.
        kept[i] = labels[i]!;
        evidence[i] = fresh;
      } else {
        evidence[i] = old - fresh;
        labels[i] = kept[i]!;
        confidence[i] = old - fresh;
      }
    }
  }
}
