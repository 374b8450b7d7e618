import type { Piece } from './mcapIndex.js';
import type { StoredMessage } from './mcapRecords.js';

/** A piece in memory: its messages in the order of time. */
export interface LoadedPiece {
  readonly piece: Piece;
  readonly bytes: Buffer;
  /** At least one. */
  readonly messages: readonly StoredMessage[];
}

/** A message, and the piece whose bytes it lies in. */
export interface Held {
  readonly loaded: LoadedPiece;
  readonly message: StoredMessage;
}

/** A piece with the number of its next message. */
interface Waiting {
  readonly loaded: LoadedPiece;
  next: number;
}

/** Holds pieces whose times overlap, and gives their messages in the order of time. */
export class TimeOrder {
  /** In the order in which they came. */
  readonly #held: Waiting[] = [];
  #bytes = 0;

  /** Of the pieces held. */
  get bytes(): number {
    return this.#bytes;
  }

  add(loaded: LoadedPiece): void {
    this.#held.push({ loaded, next: 0 });
    this.#bytes += loaded.bytes.length;
  }

  /**
   * The earliest message; of one time, that of the piece that came first.
   * @param until none that is later than this
   */
  take(until?: bigint): Held | undefined {
    let first: Waiting | undefined;
    let time = 0n;
    for (const held of this.#held) {
      const its = held.loaded.messages[held.next]!.time;
      if (first === undefined || its < time) [first, time] = [held, its];
    }
    if (first === undefined || (until !== undefined && time > until)) return undefined;
    const { loaded } = first;
    const message = loaded.messages[first.next++]!;
    if (first.next === loaded.messages.length) {
      this.#held.splice(this.#held.indexOf(first), 1);
      this.#bytes -= loaded.bytes.length;
    }
    return { loaded, message };
  }
}
