import type { HeldPicture } from '../inference/heldPicture.js';
import type { Stamp } from '../recording/cdr.js';
import type { CameraFrame } from './imageMessage.js';

export const DROP_REASONS = [
  'standby',
  'superseded',
  'too old',
  'over rate',
  'undecodable',
  'failed',
  'disabled',
  'stopped',
] as const;
/**
 * Why a frame gave no mask: nobody subscribes, a newer one came first, it was older than max_age, more came than
 * max_rate allows, it cannot be read, its run or a publisher failed, the node was told to stand by, or it stopped.
 */
export type DropReason = (typeof DROP_REASONS)[number];

export type FrameEnd = 'published' | DropReason;
export type FrameState = 'waiting' | 'under way' | FrameEnd;

/** How many frames a camera has had, by where they are now. received = published + dropped + pending, by construction. */
export class FrameCounts {
  published = 0;
  /** Waiting or under way. */
  pending = 0;
  readonly drops = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;

  get received(): number {
    return Object.values(this.drops).reduce((sum, count) => sum + count, this.published + this.pending);
  }
}

/**
 * A camera's picture on its way: it waits for its turn, is under way, and ends once; then it is counted. One that ends
 * before its turn gives its bytes back.
 */
export class Frame {
  readonly stamp: Stamp;
  readonly frameId: string;
  #state: FrameState = 'waiting';
  #picture: HeldPicture | undefined;

  /**
   * `arrived`: milliseconds of the scheduler's clock.
   * `dropped`: called when it has ended without a mask.
   */
  constructor(
    { stamp, frameId }: CameraFrame,
    readonly arrived: number,
    private readonly counts: FrameCounts,
    private readonly dropped?: (frame: Frame, reason: DropReason) => void,
  ) {
    this.stamp = stamp;
    this.frameId = frameId;
    counts.pending++;
  }

  get state(): FrameState {
    return this.#state;
  }

  /** It waits for its turn with this picture, which was found to be usable. */
  wait(picture: HeldPicture): void {
    this.#picture = picture;
  }

  /** Its turn has come. @returns its picture, which is the caller's from now on. @throws Error if it does not wait */
  leave(): HeldPicture {
    const picture = this.#picture;
    if (this.#state !== 'waiting' || picture === undefined)
      throw new Error(`a frame that is ${this.#state} cannot have a turn`);
    this.#state = 'under way';
    this.#picture = undefined;
    return picture;
  }

  /** @throws Error if it has ended before */
  end(how: FrameEnd): void {
    if (this.#state !== 'waiting' && this.#state !== 'under way')
      throw new Error(`a frame ends once: it is ${this.#state} and cannot be ${how}`);
    this.#state = how;
    this.#picture?.release();
    this.#picture = undefined;
    this.counts.pending--;
    if (how === 'published') {
      this.counts.published++;
    } else {
      this.counts.drops[how]++;
      this.dropped?.(this, how);
    }
  }
}
