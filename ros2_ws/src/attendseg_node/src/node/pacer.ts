/**
 * Tells when to hand the next frame to the workers. Handed over at once it would wait, prepared, until the
 * session is free, and grow old; handed over when the session is free, the session would wait for it. So: just
 * in time, by how long both took lately.
 */
export class Pacer {
  #prepare = 0;
  #run = 0;
  #free = 0;

  /** A frame was handed over at `now`, in milliseconds. */
  handedOver(now: number): void {
    this.#free = Math.max(this.#free, now + this.#prepare) + this.#run;
  }

  /** A frame came back at `now` after `finish` ms of drawing; nothing or one frame is still under way. */
  cameBack(now: number, times: { prepare: number; run: number; finish: number }, underWay: number): void {
    this.#prepare = smooth(this.#prepare, times.prepare);
    this.#run = smooth(this.#run, times.run);
    const ended = now - times.finish;
    this.#free = underWay === 0 ? ended : ended + this.#run;
  }

  /** Milliseconds to wait from `now` until a frame should be handed over. */
  delay(now: number, underWay: number): number {
    return underWay === 0 ? 0 : Math.max(0, this.#free - this.#prepare - MARGIN - now);
  }
}

/** Timers are late by up to this, and the copy and the messages take time too. */
const MARGIN = 3;

function smooth(average: number, value: number): number {
  return average === 0 ? value : average + 0.2 * (value - average);
}
