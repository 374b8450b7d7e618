/** What is known of one publisher's messages: numbers from `first` to `last` came, but for those in `missing`. */
interface Sequence {
  first: number;
  last: number;
  readonly missing: Set<number>;
}

/** Publishers that are told apart, and missing numbers that are remembered of each: bounds on memory. */
const PUBLISHERS = 1024;
const MISSING = 1024;

/**
 * Counts frames that a publisher sent and that never came, from gaps in its sequence numbers: only what these prove. A
 * number that comes late was not lost, and one that comes again tells that the publisher starts anew.
 */
export class TransportLoss {
  readonly #publishers = new Map<string, Sequence>();
  #lost = 0;
  #known = false;

  /**
   * @param publisher the publisher's gid
   * @param number its publication sequence number; middlewares that have none send 0 or the largest uint64
   */
  receive(publisher: string, number: bigint): void {
    if (number <= 0n || number >= 0xffff_ffff_ffff_ffffn) return;
    this.#known = true;
    const arrived = Number(number);
    const sequence = this.#publishers.get(publisher);
    // The one that has been silent longest is first, and the first to be forgotten.
    this.#publishers.delete(publisher);
    this.#publishers.set(publisher, this.#follow(sequence, arrived));
    if (this.#publishers.size > PUBLISHERS) this.#publishers.delete(this.#publishers.keys().next().value!);
  }

  /** Undefined where the middleware gives no sequence numbers. */
  get lost(): number | undefined {
    return this.#known ? this.#lost : undefined;
  }

  #follow(sequence: Sequence | undefined, arrived: number): Sequence {
    if (sequence === undefined) return { first: arrived, last: arrived, missing: new Set() };
    const { first, last, missing } = sequence;
    if (arrived > last) {
      this.#lost += arrived - last - 1;
      for (let number = Math.max(last + 1, arrived - MISSING); number < arrived; number++)
        missing.add(number);
      for (const number of missing) {
        if (missing.size <= MISSING) break;
        missing.delete(number);
      }
      sequence.last = arrived;
    } else if (missing.delete(arrived)) {
      this.#lost--;
    } else if (arrived >= first || arrived <= last - MISSING) {
      // It came before, or is too old to come now: the publisher counts anew.
      return { first: arrived, last: arrived, missing: new Set() };
    }
    // Else it was sent before the first one that came.
    return sequence;
  }
}
