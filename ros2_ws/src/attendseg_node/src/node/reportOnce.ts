/** Passes on the first message of each cause, so that a bad camera cannot flood the log. */
export class ReportOnce {
  readonly #seen = new Set<string>();

  constructor(private readonly report: (message: string) => void) {}

  say(cause: string, message: string): void {
    if (this.#seen.has(cause)) return;
    // Causes can hold what others send; a limit keeps the memory bounded.
    if (this.#seen.size < 256) this.#seen.add(cause);
    this.report(message);
  }
}
