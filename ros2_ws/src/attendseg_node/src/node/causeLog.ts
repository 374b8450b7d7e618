/** Causes that are told apart at a time. */
const CAUSES = 32;

/**
 * Says what went wrong without flooding the log: the first message of each cause at once, and how often it came again
 * when `sumUp` is called. A cause that did not come again since the last time is forgotten, so memory is bounded and an
 * old trouble that is back is said anew.
 */
export class CauseLog {
  readonly #causes = new Map<string, { message: string; more: number; fresh: boolean }>();
  #others = { message: '', more: 0 };

  constructor(private readonly report: (message: string) => void) {}

  say(cause: string, message: string): void {
    const known = this.#causes.get(cause);
    if (known !== undefined) {
      known.message = message;
      known.more++;
    } else if (this.#causes.size < CAUSES) {
      this.#causes.set(cause, { message, more: 0, fresh: true });
      this.report(message);
    } else {
      this.#others = { message, more: this.#others.more + 1 };
    }
  }

  /** A line for each cause that came again, and one for all that are too many to be told apart. */
  sumUp(): void {
    for (const [cause, entry] of this.#causes) {
      if (entry.more > 0) this.report(`${entry.more} more times: ${entry.message}`);
      else if (!entry.fresh) this.#causes.delete(cause);
      entry.more = 0;
      entry.fresh = false;
    }
    const { message, more } = this.#others;
    if (more > 0) this.report(`${more} more times for other causes, the last one: ${message}`);
    this.#others = { message: '', more: 0 };
  }
}
