import type { Segmentation, Segmenter } from '../inference/segmenter.js';
import { ImageError, type ImageErrorReason } from '../vision/imageError.js';
import { checkImage } from '../vision/rawImage.js';
import type { CameraFrame } from './imageMessage.js';
import type { ImagePublisher } from './imagePublisher.js';
import { Durations } from './latency.js';
import { resolveMaskSize } from './maskSize.js';
import { Pacer } from './pacer.js';
import type { Parameters } from './parameterTable.js';

export const DROP_REASONS = ['standby', 'superseded', 'undecodable', 'failed'] as const;
/** Why a frame gave no mask: nobody subscribes, a newer one came first, it cannot be read, or its run failed. */
export type DropReason = (typeof DROP_REASONS)[number];

export const STAGES = ['receive', 'prepare', 'wait', 'run', 'finish', 'publish', 'total'] as const;
export type Stage = (typeof STAGES)[number];

/** What a camera needs from the node around it. */
export interface CameraHost {
  readonly parameters: () => Parameters;
  /** Reports a frame that could not be used; called for every such frame. */
  readonly refuse: (cause: ImageErrorReason | 'failed', message: string) => void;
}

/**
 * One camera's way through the segmenter: the newest frame waits in a slot, is handed over just in time, and its
 * outputs are published with its stamp. Counters add up: received = masks + drops + under way.
 */
export class Camera {
  readonly drops: Record<DropReason, number> = { standby: 0, superseded: 0, undecodable: 0, failed: 0 };
  readonly stages = Object.fromEntries(STAGES.map((stage) => [stage, new Durations()])) as Record<
    Stage,
    Durations
  >;
  received = 0;
  segmented = 0;
  #slot: { readonly frame: CameraFrame; readonly arrived: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #pacer = new Pacer();

  constructor(
    private readonly segmenter: Segmenter,
    private readonly publishers: readonly ImagePublisher[],
    private readonly host: CameraHost,
  ) {}

  get standby(): boolean {
    return !this.publishers.some((publisher) => publisher.wanted);
  }

  /** A frame arrived. Its bytes are read again until it is handed over, so they must stay as they are. */
  receive(frame: CameraFrame): void {
    this.received++;
    if (this.standby) {
      this.drops.standby++;
      return;
    }
    try {
      checkImage(frame.image);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.drops.undecodable++;
      this.host.refuse(error.reason, error.message);
      return;
    }
    if (this.#slot !== undefined) this.drops.superseded++;
    this.#slot = { frame, arrived: performance.now() };
    this.#pump();
  }

  /** Forgets the waiting frame and takes no other out of the slot. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#slot !== undefined) this.drops.superseded++;
    this.#slot = undefined;
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#slot === undefined || !this.segmenter.free) return;
    const delay = this.#pacer.delay(performance.now(), this.segmenter.inFlight);
    if (delay >= 1) {
      this.#timer = setTimeout(() => {
        this.#pump();
      }, delay);
      return;
    }
    const { frame, arrived } = this.#slot;
    this.#slot = undefined;
    void this.#segment(frame, arrived);
  }

  async #segment(frame: CameraFrame, arrived: number): Promise<void> {
    const { fit, overlay_opacity, mask_size } = this.host.parameters();
    const publishers = this.publishers.filter((publisher) => publisher.wanted);
    if (publishers.length === 0) {
      this.drops.standby++;
      return;
    }
    const { width, height } = resolveMaskSize(mask_size, frame.image, this.segmenter.manifest.input);
    const outputs = publishers.map((publisher) => ({
      kind: publisher.kind,
      width,
      height,
      headroom: publisher.headroom(frame.frameId, width, height),
    }));
    let result: Segmentation;
    try {
      const options = { fit, opacity: overlay_opacity, outputs };
      const pending = this.segmenter.segment(frame.image, options);
      this.#pacer.handedOver(performance.now());
      result = await pending;
    } catch (error) {
      this.drops.failed++;
      this.host.refuse('failed', error instanceof Error ? error.message : String(error));
      this.#pump();
      return;
    }
    const { times } = result;
    const back = performance.now();
    this.#pacer.cameBack(back, times, this.segmenter.inFlight);
    result.outputs.forEach((output, i) => {
      publishers[i]!.publish(output, frame.stamp, frame.frameId);
    });
    result.release();
    const published = performance.now();
    this.segmented++;
    this.#record(times, back - arrived, published - back);
    this.#pump();
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
