/** Durations of the last frames of one stage, in milliseconds; percentiles on demand. */
export class Durations {
  readonly #values = new Float64Array(256);
  #count = 0;

  add(milliseconds: number): void {
    this.#values[this.#count++ % this.#values.length] = milliseconds;
  }

  /** The `share` percentile (0-1) of the last 256 frames; NaN before the first. */
  percentile(share: number): number {
    const known = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    return known.length === 0 ? NaN : known[Math.min(known.length - 1, Math.floor(share * known.length))]!;
  }

  get median(): number {
    return this.percentile(0.5);
  }
}
