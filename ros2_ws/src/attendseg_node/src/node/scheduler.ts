import type { Backend } from '../inference/backend.js';
import type { HeldPicture, Picture } from '../inference/heldPicture.js';
import type { FrameOptions, Segmentation } from '../inference/segmenter.js';
import { Pacer } from './pacer.js';

/** Time in milliseconds, and a call later on. */
export interface Clock {
  now(): number;
  /** @returns what calls it off */
  after(milliseconds: number, call: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Whoever wants turns: a camera with a frame that waits. */
export interface Contender {
  /** Since when it has waited for its turn, in the clock's milliseconds; undefined if it has nothing to hand over. */
  readonly waitingSince: number | undefined;
  /** Its turn: it hands its frame to `segment` before this returns, or lets it go. Must not throw. */
  takeTurn(): void;
}

/** What a scheduler needs from the backend. */
export type FrameBackend = Pick<Backend, 'free' | 'inFlight' | 'hold' | 'segment'>;

/**
 * Decides whose frame is handed to the segmenter, and when: just in time, so that one is prepared while another runs;
 * and first who has waited longest, counted from when it began to wait, not from its newest frame. So a camera whose
 * frames are always a little younger than another's has its turns all the same.
 */
export class Scheduler {
  readonly #contenders = new Set<Contender>();
  readonly #pacer = new Pacer();
  #callOff: (() => void) | undefined;

  constructor(
    private backend: FrameBackend,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {}

  /** From now on frames go to another backend; those under way come back from the old one. */
  use(backend: FrameBackend): void {
    this.backend = backend;
    this.wake();
  }

  now(): number {
    return this.clock.now();
  }

  join(contender: Contender): void {
    this.#contenders.add(contender);
  }

  leave(contender: Contender): void {
    this.#contenders.delete(contender);
    this.wake();
  }

  /** Something changed: a frame arrived, or one has come to its end. Gives the turns that are due. */
  wake(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    let next;
    while (this.backend.free && (next = this.#longestWaiting()) !== undefined) {
      const delay = this.#pacer.delay(this.clock.now(), this.backend.inFlight);
      if (delay >= 1) {
        this.#callOff = this.clock.after(delay, () => {
          this.wake();
        });
        return;
      }
      // Last among those that began to wait at the same time.
      if (this.#contenders.delete(next)) this.#contenders.add(next);
      next.takeTurn();
    }
  }

  /** Checks and copies a picture that is to wait for its turn. @throws ImageError that names the cause; RangeError */
  hold(picture: Picture, maxPixels?: number): HeldPicture {
    return this.backend.hold(picture, maxPixels);
  }

  /** Hands a frame to the segmenter, in a turn; keeps nothing of the picture. @throws what the segmenter throws */
  segment(picture: HeldPicture, options: FrameOptions): Promise<Segmentation> {
    const pending = this.backend.segment(picture, options);
    this.#pacer.handedOver(this.clock.now());
    return pending.then((result) => {
      this.#pacer.cameBack(this.clock.now(), result.times, this.backend.inFlight);
      return result;
    });
  }

  #longestWaiting(): Contender | undefined {
    let longest: Contender | undefined;
    for (const contender of this.#contenders) {
      const since = contender.waitingSince;
      if (since !== undefined && !(since >= (longest?.waitingSince ?? Infinity))) longest = contender;
    }
    return longest;
  }
}
