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

/**
 * Steadies one camera's labels from frame to frame: a pixel keeps its label until another is more certain than the kept
 * one still is. What is kept grows less certain by a factor with each frame, so that a doubtful change has to last, and a
 * certain one comes through at once and leaves no ghost.
 */
export class Steadier {
  readonly #labels: Uint8Array;
  /** How certain the kept label still is, 0-255. */
  readonly #strength: Uint8Array;
  #placement: string | undefined;

  constructor(pixels: number) {
    this.#labels = new Uint8Array(pixels).fill(UNLABELLED);
    this.#strength = new Uint8Array(pixels);
  }

  /**
   * Changes both in place, uint8 of the network's size.
   * @param keep 0-1: how much of its certainty a label keeps from frame to frame; 0 keeps nothing
   * @param placement how the picture lies in the network's input; when it changes, all is forgotten
   */
  apply(labels: Uint8Array, confidence: Uint8Array, keep: number, placement: string): void {
    if (placement !== this.#placement) this.#strength.fill(0);
    this.#placement = placement;
    const kept = this.#labels;
    const strength = this.#strength;
    for (let i = 0; i < labels.length; i++) {
      const certain = confidence[i]!;
      const still = Math.floor(strength[i]! * keep);
      if (certain >= still) {
        kept[i] = labels[i]!;
        strength[i] = certain;
      } else if (labels[i] === kept[i]) {
        strength[i] = still;
      } else {
        labels[i] = kept[i]!;
        strength[i] = confidence[i] = still;
      }
    }
  }
}
