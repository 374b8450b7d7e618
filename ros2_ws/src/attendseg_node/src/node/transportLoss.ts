/** Counts frames that a publisher sent and that never came, from gaps in its sequence numbers. */
export class TransportLoss {
  readonly #last = new Map<string, bigint>();
  #lost = 0;
  #known = false;

  /**
   * @param publisher the publisher's gid
   * @param sequence its publication sequence number; middlewares that have none send 0 or the largest uint64
   */
  receive(publisher: string, sequence: bigint): void {
    if (sequence <= 0n || sequence >= 0xffff_ffff_ffff_ffffn) return;
    this.#known = true;
    const last = this.#last.get(publisher);
    if (last !== undefined && sequence > last) this.#lost += Number(sequence - last - 1n);
    this.#last.set(publisher, sequence);
    if (this.#last.size > 16) this.#last.delete(this.#last.keys().next().value!);
  }

  /** Undefined where the middleware gives no sequence numbers. */
  get lost(): number | undefined {
    return this.#known ? this.#lost : undefined;
  }
}
