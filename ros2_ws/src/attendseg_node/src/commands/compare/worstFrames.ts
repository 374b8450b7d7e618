import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { FrameId, Plane } from './maskPairs.js';

/** A frame that agrees badly. */
export interface WorstFrame {
  readonly frame: FrameId;
  /** Percent. */
  readonly agreement: number;
  /** Unpacks its masks; undefined if they were not kept. */
  readonly masks: (() => { readonly a: Plane; readonly b: Plane }) | undefined;
}

/** The worst frames seen so far, with their masks packed: few are held, and masks pack well. */
export class WorstFrames {
  readonly #frames: WorstFrame[] = [];

  constructor(
    readonly most: number,
    readonly keepMasks: boolean,
  ) {}

  /** Worst first; of equal ones the earlier. */
  get frames(): readonly WorstFrame[] {
    return this.#frames;
  }

  /** @param agreement percent */
  offer(frame: FrameId, agreement: number, a: Plane, b: Plane): void {
    const at = this.#frames.findIndex((other) => agreement < other.agreement);
    const place = at < 0 ? this.#frames.length : at;
    if (place >= this.most) return;
    let masks: WorstFrame['masks'];
    if (this.keepMasks) {
      const [packedA, packedB] = [packed(a), packed(b)];
      masks = () => ({ a: packedA(), b: packedB() });
    }
    this.#frames.splice(place, 0, { frame, agreement, masks });
    this.#frames.length = Math.min(this.#frames.length, this.most);
  }
}

function packed({ width, height, pixels }: Plane): () => Plane {
  const bytes = deflateRawSync(pixels, { level: 1 });
  return () => ({ width, height, pixels: new Uint8Array(inflateRawSync(bytes)) });
}
