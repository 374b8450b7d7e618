/** A damaged recording may have one in every message. */
const MOST = 1000;

/** What could not be read: each line once, and no more than people read. */
export class Problems {
  readonly lines: string[] = [];
  readonly #known = new Set<string>();

  add(line: string): void {
    if (this.#known.has(line) || this.lines.length > MOST) return;
    this.#known.add(line);
    this.lines.push(this.lines.length < MOST ? line : 'there are more problems; these are the first');
  }
}
