import type { FrameCounts } from './frame.js';

/** What a camera did between two looks, in frames a second. */
export interface Pace {
  readonly received: number;
  readonly published: number;
  /** Overtaken by a newer one before their turn came. */
  readonly superseded: number;
}

interface Reading extends Pace {
  readonly at: number;
}

/** Turns counters into rates. */
export class Rates {
  #then: Reading;

  /** `now`: milliseconds of a steady clock. */
  constructor(
    private readonly counts: FrameCounts,
    now: number,
  ) {
    this.#then = this.#read(now);
  }

  /** Since the last look, or since the start. */
  look(now: number): Pace {
    const then = this.#then;
    const is = (this.#then = this.#read(now));
    const seconds = Math.max(1, now - then.at) / 1000;
    return {
      received: (is.received - then.received) / seconds,
      published: (is.published - then.published) / seconds,
      superseded: (is.superseded - then.superseded) / seconds,
    };
  }

  #read(at: number): Reading {
    const { received, published, drops } = this.counts;
    return { at, received, published, superseded: drops.superseded };
  }
}
