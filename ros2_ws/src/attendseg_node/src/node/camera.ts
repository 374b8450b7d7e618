import { setTimeout as sleep } from 'node:timers/promises';
import type { Segmentation } from '../inference/segmenter.js';
import { ImageError, type ImageErrorReason } from '../vision/imageError.js';
import { checkImage } from '../vision/rawImage.js';
import type { CameraFrame } from './imageMessage.js';
import type { ImagePublisher } from './imagePublisher.js';
import { Durations } from './latency.js';
import { resolveMaskSize, type Size } from './maskSize.js';
import type { Parameters } from './parameterTable.js';
import type { Contender, Scheduler } from './scheduler.js';

export const DROP_REASONS = ['standby', 'superseded', 'undecodable', 'failed', 'stopped'] as const;
/**
 * Why a frame gave no mask: nobody subscribes, a newer one came first, it cannot be read, its run or a publisher
 * failed, or the node stopped.
 */
export type DropReason = (typeof DROP_REASONS)[number];

export const STAGES = ['receive', 'prepare', 'wait', 'run', 'finish', 'publish', 'total'] as const;
export type Stage = (typeof STAGES)[number];

/** What a camera needs from the node around it. */
export interface CameraHost {
  readonly parameters: () => Parameters;
  /** Width and height of the network's input, in pixels. */
  readonly network: Size;
  /** Reports a frame that could not be used; called for every such frame. */
  readonly refuse: (cause: ImageErrorReason | 'failed', message: string) => void;
}

/** What a camera needs from an output's publisher; each call may throw. */
export type OutputPublisher = Pick<ImagePublisher, 'kind' | 'wanted' | 'headroom' | 'publish'>;

/**
 * One camera's way through the segmenter: the newest frame waits in a slot for the camera's turn, and its
 * outputs are published with its stamp. Counters add up: received = masks + drops + waiting + under way. A frame may
 * fail, whatever throws: the camera goes on.
 */
export class Camera implements Contender {
  readonly drops = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;
  readonly stages = Object.fromEntries(STAGES.map((stage) => [stage, new Durations()])) as Record<
    Stage,
    Durations
  >;
  received = 0;
  segmented = 0;
  #slot: { readonly frame: CameraFrame; readonly arrived: number } | undefined;
  #waitingSince: number | undefined;
  #state: 'open' | 'stopping' | 'stopped' = 'open';
  readonly #underWay = new Set<Promise<void>>();

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

  /** Frames that wait or are under way. */
  get pending(): number {
    return this.#underWay.size + (this.#slot === undefined ? 0 : 1);
  }

  /** A frame arrived. Its bytes are read again until it is handed over, so they must stay as they are. */
  receive(frame: CameraFrame): void {
    this.received++;
    if (this.#state !== 'open') {
      this.drops.stopped++;
      return;
    }
    try {
      if (this.standby) {
        this.drops.standby++;
        return;
      }
      checkImage(frame.image);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (this.#slot !== undefined) this.drops.superseded++;
    const arrived = this.scheduler.now();
    this.#slot = { frame, arrived };
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
      if (this.#slot !== undefined) this.drops.stopped++;
      this.#slot = this.#waitingSince = undefined;
      this.scheduler.leave(this);
    }
    const tooLong = new AbortController();
    await Promise.race([
      Promise.all(this.#underWay),
      sleep(patience, undefined, { signal: tooLong.signal }).catch(() => undefined),
    ]);
    tooLong.abort();
    this.#state = 'stopped';
  }

  takeTurn(): void {
    if (this.#slot === undefined) return;
    const { frame, arrived } = this.#slot;
    this.#slot = this.#waitingSince = undefined;
    const done: Promise<void> = this.#segment(frame, arrived)
      .then(
        (outcome) => {
          if (outcome === 'segmented') this.segmented++;
          else this.drops[outcome]++;
        },
        (error: unknown) => {
          this.#refuse(error);
        },
      )
      .finally(() => {
        this.#underWay.delete(done);
        this.scheduler.wake();
      });
    this.#underWay.add(done);
  }

  /** @throws whatever the segmenter and the publishers throw */
  async #segment(frame: CameraFrame, arrived: number): Promise<'segmented' | 'standby' | 'stopped'> {
    const { fit, overlay_opacity, mask_size } = this.host.parameters();
    const publishers = this.publishers.filter((publisher) => publisher.wanted);
    if (publishers.length === 0) return 'standby';
    const { width, height } = resolveMaskSize(mask_size, frame.image, this.host.network);
    const outputs = publishers.map((publisher) => ({
      kind: publisher.kind,
      width,
      height,
      headroom: publisher.headroom(frame.frameId, width, height),
    }));
    const result = await this.scheduler.segment(frame.image, { fit, opacity: overlay_opacity, outputs });
    try {
      if (this.#state === 'stopped') return 'stopped';
      const back = this.scheduler.now();
      result.outputs.forEach((output, i) => {
        publishers[i]!.publish(output, frame.stamp, frame.frameId);
      });
      this.#record(result.times, back - arrived, this.scheduler.now() - back);
      return 'segmented';
    } finally {
      result.release();
    }
  }

  #refuse(error: unknown): void {
    if (error instanceof ImageError) {
      this.drops.undecodable++;
      this.host.refuse(error.reason, error.message);
    } else {
      this.drops.failed++;
      this.host.refuse('failed', error instanceof Error ? error.message : String(error));
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
