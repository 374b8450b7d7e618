import { ConfusionMatrix } from '../../inference/confusionMatrix.js';
import { UNLABELLED } from '../../vision/unlabelled.js';
import { type Finding, type FrameId, frameText, type Plane, type Side } from './maskPairs.js';
import { WorstFrames } from './worstFrames.js';

/** Things that are counted, and the first few named. */
export class Named {
  static readonly FEW = 5;
  readonly first: string[] = [];
  count = 0;

  add(name: string): void {
    this.count++;
    if (this.first.length < Named.FEW) this.first.push(name);
  }
}

/** How a class came out; shares and IoU in percent. */
export interface ClassFigures {
  readonly id: number;
  readonly shareA: number;
  readonly shareB: number;
  readonly iou: number;
}

/** Figures of two recordings of masks, added up pair by pair. Of a frame only its agreement is kept. */
export class Comparison {
  /** Ids are classes, unlabelled is one of them. */
  readonly #confusion = new ConfusionMatrix(256);
  /** Percent of each frame by topic, in the order in which they were paired. */
  readonly series = new Map<string, number[]>();
  readonly alone: Readonly<Record<Side, Named>> = { A: new Named(), B: new Named() };
  readonly unusable = new Named();
  readonly worst: WorstFrames;
  readonly confidence = new ConfidenceShift();
  pairs = 0;
  worstFrame: { readonly frame: FrameId; readonly agreement: number } | undefined;
  #pixels = 0;
  #same = 0;

  /** @param worst how many of the worst frames are kept @param keepMasks whether with their masks */
  constructor(worst: number, keepMasks: boolean) {
    this.worst = new WorstFrames(worst, keepMasks);
  }

  add(finding: Finding): void {
    if (finding.kind === 'unusable') this.unusable.add(finding.problem);
    else if (finding.kind === 'alone') {
      if (finding.of === 'mask') this.alone[finding.side].add(frameText(finding.frame));
      else this.confidence.alone++;
    } else if (!sameSize(finding.a, finding.b)) {
      const [a, b] = [finding.a, finding.b].map(({ width, height }) => `${width}x${height}`);
      const what = finding.kind === 'mask' ? '' : ', the confidence';
      this.unusable.add(
        `${frameText(finding.frame)}${what}: ${a!} in A, but ${b!} in B; compare masks of one size`,
      );
    } else if (finding.kind === 'mask') this.#mask(finding.frame, finding.a, finding.b);
    else this.confidence.add(finding.a.pixels, finding.b.pixels);
  }

  #mask(frame: FrameId, a: Plane, b: Plane): void {
    this.#confusion.add(a.pixels, b.pixels);
    const different = differences(a.pixels, b.pixels);
    const pixels = a.pixels.length;
    const agreement = (100 * (pixels - different)) / pixels;
    this.pairs++;
    this.#pixels += pixels;
    this.#same += pixels - different;
    if (this.worstFrame === undefined || agreement < this.worstFrame.agreement)
      this.worstFrame = { frame, agreement };
    const topic = frame.topic ?? '';
    let series = this.series.get(topic);
    if (series === undefined) this.series.set(topic, (series = []));
    series.push(agreement);
    if (different > 0) this.worst.offer(frame, agreement, a, b);
  }

  /** Share of all pixels that are equal, in percent; NaN without any. */
  get agreement(): number {
    return (100 * this.#same) / this.#pixels;
  }

  /** Ids that occur in A or B, unlabelled among them. */
  classes(): ClassFigures[] {
    const iou = this.#confusion.iou();
    return iou.flatMap((value, id) => {
      if (Number.isNaN(value)) return [];
      const [shareA, shareB] = [this.#share(id, 'A'), this.#share(id, 'B')];
      return [{ id, shareA, shareB, iou: value }];
    });
  }

  /** Mean IoU over the classes that occur in A, in percent; NaN if there are none. */
  meanIou(): number {
    const known = this.classes().filter(({ id, shareA }) => id !== UNLABELLED && shareA > 0);
    return known.reduce((sum, { iou }) => sum + iou, 0) / known.length;
  }

  /** Pixels that are unlabelled in one only. */
  unlabelled(): { readonly became: number; readonly ceased: number } {
    let [became, ceased] = [0, 0];
    for (let id = 0; id < UNLABELLED; id++) {
      became += this.#confusion.count(id, UNLABELLED);
      ceased += this.#confusion.count(UNLABELLED, id);
    }
    return { became, ceased };
  }

  #share(id: number, side: Side): number {
    let sum = 0;
    for (let other = 0; other < 256; other++)
      sum += side === 'A' ? this.#confusion.count(id, other) : this.#confusion.count(other, id);
    return (100 * sum) / this.#pixels;
  }
}

/** Confidence of B less that of A, 0-255, over all pixels. */
export class ConfidenceShift {
  pairs = 0;
  /** Confidence pictures that only one of both has. */
  alone = 0;
  #pixels = 0;
  #sum = 0;
  #absolute = 0;

  add(a: Uint8Array, b: Uint8Array): void {
    this.pairs++;
    this.#pixels += a.length;
    let [sum, absolute] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      const shift = b[i]! - a[i]!;
      sum += shift;
      absolute += Math.abs(shift);
    }
    this.#sum += sum;
    this.#absolute += absolute;
  }

  get mean(): number {
    return this.#sum / this.#pixels;
  }

  get meanAbsolute(): number {
    return this.#absolute / this.#pixels;
  }
}

function sameSize(a: Plane, b: Plane): boolean {
  return a.width === b.width && a.height === b.height;
}

function differences(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}
