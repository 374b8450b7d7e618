import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../errorText.js';
import type { ClassTable } from '../inference/classTable.js';
import type { HeldPicture } from '../inference/heldPicture.js';
import type { Segmentation } from '../inference/segmenter.js';
import { ImageError, type ImageErrorReason } from '../vision/imageError.js';
import type { Stamp } from '../recording/cdr.js';
import { type DropReason, Frame, FrameCounts } from './frame.js';
import { frameLook } from './frameLook.js';
import type { CameraFrame } from './imageMessage.js';
import type { OutputPublisher } from './imagePublisher.js';
import { Durations } from './latency.js';
import { resolveMaskSize, type Size } from './maskSize.js';
import type { Parameters } from './parameterTable.js';
import type { Contender, Scheduler } from './scheduler.js';

export const STAGES = ['receive', 'prepare', 'wait', 'run', 'finish', 'publish', 'total'] as const;
export type Stage = (typeof STAGES)[number];

/** What a camera needs from the node around it. */
export interface CameraHost {
  readonly name: string;
  /** Seconds from a picture's stamp until now, by ROS's clock. */
  readonly age: (stamp: Stamp) => number;
  readonly classes: () => ClassTable;
  /** Whether frames are wanted at all; always, if left out. */
  readonly enabled?: () => boolean;
  readonly parameters: () => Parameters;
  /** Width and height of the network's input, in pixels. */
  readonly network: () => Size;
  /** A frame ended without a mask. Does not throw. */
  readonly dropped?: (frame: Frame, reason: DropReason) => void;
  /** The outputs of a picture went out, of this size. */
  readonly published: (stamp: Stamp, size: Size) => void;
  /** Something that the user should know, once. */
  readonly warn: (message: string) => void;
  /** Reports a frame that could not be used; called for every such frame. */
  readonly refuse: (cause: ImageErrorReason | 'failed' | 'too old', message: string) => void;
}

/** A frame that was handed over. */
interface UnderWay {
  readonly publishers: readonly OutputPublisher[];
  readonly size: Size;
  readonly result: Promise<Segmentation>;
}

/** A 16-bit image whose largest sample, as 0-255, is less than this is dark: 1/8 of the range. */
const DARK = 32;
/** So many dark ones in a row are taken for samples of fewer bits. */
const DARK_FRAMES = 50;

/**
 * One camera's way through the segmenter: the newest frame waits in a slot for the camera's turn, and its
 * outputs are published with its stamp. A frame may fail, whatever throws: the camera goes on.
 */
export class Camera implements Contender {
  readonly counts = new FrameCounts();
  readonly stages = Object.fromEntries(STAGES.map((stage) => [stage, new Durations()])) as Record<
    Stage,
    Durations
  >;
  /** From the stamp to the publication, by ROS's clock. */
  readonly ages = new Durations();
  /** Published frames whose network answered with what is no number or infinite. */
  overflown = 0;
  #slot: Frame | undefined;
  #waitingSince: number | undefined;
  #lastArrival: number | undefined;
  /** When the next frame is due at max_rate. */
  #due = -Infinity;
  #dark = 0;
  #saidDark = false;
  #state: 'open' | 'stopping' | 'stopped' = 'open';
  readonly #underWay = new Map<Frame, Promise<void>>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly publishers: readonly OutputPublisher[],
    private readonly host: CameraHost,
  ) {
    scheduler.join(this);
  }

  get waitingSince(): number | undefined {
    return this.#waitingSince;
  }

  get standby(): boolean {
    return !this.publishers.some((publisher) => publisher.wanted);
  }

  /** When a frame came last, whatever became of it, in the clock's milliseconds; undefined if none ever did. */
  get lastArrival(): number | undefined {
    return this.#lastArrival;
  }

  /** A picture arrived. Its bytes are copied before this returns, if it is to wait for a turn. */
  receive(picture: CameraFrame): void {
    const arrived = (this.#lastArrival = this.scheduler.now());
    const frame = new Frame(picture, arrived, this.counts, this.host.dropped);
    if (this.#state !== 'open') {
      frame.end('stopped');
      return;
    }
    if (this.host.enabled?.() === false) {
      frame.end('disabled');
      return;
    }
    try {
      if (this.standby) {
        frame.end('standby');
        return;
      }
      if (this.#isOverRate(arrived)) {
        frame.end('over rate');
        return;
      }
      frame.wait(this.scheduler.hold(picture.image, this.host.parameters().max_image_pixels));
    } catch (error) {
      this.#refuse(frame, error);
      return;
    }
    this.#slot?.end('superseded');
    this.#slot = frame;
    this.#waitingSince ??= arrived;
    this.scheduler.wake();
  }

  /**
   * Takes no more frames and lets those under way finish, for `patience` ms at most. When this resolves, nothing is
   * published any more.
   */
  async stop(patience: number): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'stopping';
      this.#slot?.end('stopped');
      this.#slot = this.#waitingSince = undefined;
      this.scheduler.leave(this);
    }
    const tooLong = new AbortController();
    await Promise.race([
      Promise.all(this.#underWay.values()),
      sleep(patience, undefined, { signal: tooLong.signal }).catch(() => undefined),
    ]);
    tooLong.abort();
    this.#state = 'stopped';
    for (const frame of this.#underWay.keys()) frame.end('stopped');
    this.#underWay.clear();
  }

  takeTurn(): void {
    const frame = this.#slot;
    if (frame === undefined) return;
    this.#slot = this.#waitingSince = undefined;
    const done = this.#process(frame)
      .catch((error: unknown) => {
        // One that comes back after the stop has ended before.
        if (frame.state === 'under way') this.#refuse(frame, error);
      })
      .finally(() => {
        this.#underWay.delete(frame);
        this.scheduler.wake();
      });
    this.#underWay.set(frame, done);
  }

  /** @throws whatever the segmenter and the publishers throw */
  async #process(frame: Frame): Promise<void> {
    const underWay = this.#handOver(frame);
    if (typeof underWay === 'string') {
      frame.end(underWay);
      return;
    }
    const { publishers, size } = underWay;
    const result = await underWay.result;
    try {
      if (this.#state === 'stopped') return;
      const back = this.scheduler.now();
      if (!result.finite) this.overflown++;
      this.#lookForBitDepth(result.brightest);
      result.outputs.forEach((output, i) => {
        publishers[i]!.publish(output, frame.stamp, frame.frameId);
      });
      this.host.published(frame.stamp, size);
      this.ages.add(1000 * this.host.age(frame.stamp));
      this.#record(result.times, back - frame.arrived, this.scheduler.now() - back);
      frame.end('published');
    } finally {
      result.release();
    }
  }

  /**
   * Hands the picture over, or gives it back.
   * @returns what is under way, or why nothing is
   */
  #handOver(frame: Frame): UnderWay | DropReason {
    const picture = frame.leave();
    try {
      return this.#segment(frame, picture);
    } finally {
      picture.release();
    }
  }

  #segment(frame: Frame, picture: HeldPicture): UnderWay | DropReason {
    if (this.host.enabled?.() === false) return 'disabled';
    const publishers = this.publishers.filter((publisher) => publisher.wanted);
    if (publishers.length === 0) return 'standby';
    const parameters = this.host.parameters();
    if (parameters.max_age > 0 && this.#isTooOld(frame, parameters.max_age)) return 'too old';
    const size = resolveMaskSize(parameters.mask_size, picture.header, this.host.network());
    const result = this.scheduler.segment(picture, {
      ...frameLook(parameters, this.host.name),
      classes: this.host.classes(),
      outputs: publishers.map((publisher) => publisher.request(size, frame.frameId)),
    });
    return { publishers, size, result };
  }

  #isOverRate(arrived: number): boolean {
    const { max_rate } = this.host.parameters();
    if (max_rate <= 0) return false;
    const period = 1000 / max_rate;
    // A camera's pictures do not come to the millisecond.
    if (arrived < this.#due - period / 10) return true;
    this.#due = Math.max(this.#due + period, arrived);
    return false;
  }

  #isTooOld(frame: Frame, max_age: number): boolean {
    const age = this.host.age(frame.stamp);
    if (age <= max_age) return false;
    const advice = age > 60 ? ' (of a replay? set use_sim_time and play it with --clock)' : '';
    this.host.refuse(
      'too old',
      `pictures are older than max_age, ${max_age} s: the first by ${(age - max_age).toFixed(1)} s${advice}`,
    );
    return true;
  }

  #refuse(frame: Frame, error: unknown): void {
    if (error instanceof ImageError) {
      frame.end('undecodable');
      this.host.refuse(error.reason, error.message);
    } else {
      frame.end('failed');
      this.host.refuse('failed', errorText(error));
    }
  }

  #lookForBitDepth(brightest: number): void {
    this.#dark = brightest >= DARK ? 0 : this.#dark + 1;
    if (this.#dark >= DARK_FRAMES && !this.#saidDark) {
      this.#saidDark = true;
      this.host.warn(
        `${DARK_FRAMES} frames in a row are all but black: no sample is above 1/8 of ${this.host.parameters().bit_depth} bits;` +
          ' if the camera fills fewer, set the parameter bit_depth (10, 12 or 14 for many)',
      );
    }
  }

  #record(times: Segmentation['times'], untilBack: number, publish: number): void {
    const { receive, prepare, run, finish } = times;
    this.stages.receive.add(receive);
    this.stages.prepare.add(prepare);
    this.stages.wait.add(untilBack - receive - prepare - run - finish);
    this.stages.run.add(run);
    this.stages.finish.add(finish);
    this.stages.publish.add(publish);
    this.stages.total.add(untilBack + publish);
  }
}
