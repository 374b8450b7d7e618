/** A picture that gave no mask. */
export interface Drop {
  readonly stamp: string;
  readonly reason: string;
}

/** Of pictures that never came to the node, or whose masks never came back, while later ones did. */
export const LOST = 'lost in transport';

interface Picture {
  readonly number: number;
  readonly time: bigint;
  /** Outputs that came. */
  readonly seen: Set<string>;
  /** Why it was dropped, if it may be sent again. */
  dropped: string | undefined;
  ended: boolean;
}

/** Ended pictures that are remembered, for outputs that come late or twice. */
const REMEMBERED = 1000;

/** The pictures of one camera that were played, and what became of each. Stamps are stampText's. */
export class ReplayCamera {
  sent = 0;
  masks = 0;
  readonly drops: Drop[] = [];
  readonly unanswered: string[] = [];
  /** By stamp, in the order of sending. */
  readonly #pictures = new Map<string, Picture>();
  #answered = 0;
  #last: Picture | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param image topic of the pictures
   * @param outputs names of what the node publishes of every picture
   * @param isPatient are pictures sent again that met the node on standby?
   */
  constructor(
    readonly image: string,
    private readonly outputs: ReadonlySet<string>,
    private readonly isPatient: boolean,
  ) {}

  /** A picture is about to be sent, recorded at `time`. */
  begin(stamp: string, time: bigint): void {
    const before = this.#pictures.get(stamp);
    if (before !== undefined) this.#forget(stamp, before);
    const [oldest] = this.#pictures;
    if (this.#pictures.size >= REMEMBERED && oldest !== undefined) this.#forget(...oldest);
    this.#last = { number: ++this.sent, time, seen: new Set(), dropped: undefined, ended: false };
    this.#pictures.set(stamp, this.#last);
  }

  /** An output came. @returns when its picture was recorded; undefined if it was here before, or is of no picture */
  output(name: string, stamp: string): bigint | undefined {
    const picture = this.#pictures.get(stamp);
    if (picture === undefined || picture.seen.has(name)) return undefined;
    picture.seen.add(name);
    this.#answered = Math.max(this.#answered, picture.number);
    if (!picture.ended && [...this.outputs].every((output) => picture.seen.has(output))) {
      this.masks++;
      this.#end(picture);
    }
    return picture.time;
  }

  /** The node says that it dropped a picture. */
  drop(stamp: string, reason: string): void {
    const picture = this.#pictures.get(stamp);
    if (picture === undefined || picture.ended) return;
    this.#answered = Math.max(this.#answered, picture.number);
    if (this.isPatient && reason === 'standby') {
      picture.dropped = reason;
      this.wake();
      return;
    }
    this.drops.push({ stamp, reason });
    this.#end(picture);
  }

  /** Has it ended? One that was never sent has. */
  hasEnded(stamp: string): boolean {
    return this.#pictures.get(stamp)?.ended ?? true;
  }

  /** Was it dropped by a node that stood by since the last call? */
  metStandby(stamp: string): boolean {
    const picture = this.#pictures.get(stamp);
    const met = picture?.dropped !== undefined;
    if (picture !== undefined) picture.dropped = undefined;
    return met;
  }

  /** Has the picture that was sent last ended? */
  get isUpToDate(): boolean {
    return this.#last?.ended ?? true;
  }

  /** Waits until a picture ends or meets standby, for so many milliseconds at most. One waiter at a time. */
  async change(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Ends a wait. */
  wake(): void {
    this.#wake?.();
  }

  /** No answer is waited for any more, or for none of this stamp. */
  giveUp(stamp?: string): void {
    for (const [each, picture] of this.#pictures)
      if (!picture.ended && (stamp === undefined || each === stamp)) this.#giveUp(each, picture);
  }

  #giveUp(stamp: string, picture: Picture): void {
    if (!this.isPatient && picture.number < this.#answered) this.drops.push({ stamp, reason: LOST });
    else this.unanswered.push(stamp);
    this.#end(picture);
  }

  #forget(stamp: string, picture: Picture): void {
    if (!picture.ended) this.#giveUp(stamp, picture);
    this.#pictures.delete(stamp);
  }

  #end(picture: Picture): void {
    picture.ended = true;
    this.wake();
  }

  /** One line for people. */
  get summary(): string {
    const reasons = new Map<string, number>();
    for (const { reason } of this.drops) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const why = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ');
    return (
      `${this.image}: ${this.sent} sent, ${this.masks} masks, ${this.drops.length} dropped` +
      `${why === '' ? '' : ` (${why})`}, ${this.unanswered.length} without answer`
    );
  }
}
