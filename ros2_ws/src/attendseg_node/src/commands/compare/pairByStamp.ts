import type { Side } from './maskPairs.js';

/** Something of a stream that has a partner of the same key in the other one. */
export interface Stamped {
  readonly key: string;
  /** Nanoseconds. */
  readonly stamp: bigint;
  /** What holding it takes. */
  readonly bytes: number;
}

export type Match<Item> =
  { readonly a: Item; readonly b: Item } | { readonly side: Side; readonly alone: Item };

/** How many of a side wait for their partners, and how many bytes they may take. */
const HELD = 64;
const HELD_BYTES = 2 ** 28;

/**
 * Pairs two streams by key. The one whose stamps are behind goes on, so little is held however many are missing on
 * either side; a stamp may come up to `HELD` places late. What comes twice is paired in its order.
 */
export async function* pairByStamp<Item extends Stamped>(
  a: AsyncIterator<Item>,
  b: AsyncIterator<Item>,
): AsyncGenerator<Match<Item>, void, void> {
  const sides = [new Waiting('A', a), new Waiting('B', b)] as const;
  for (;;) {
    const [first, second] = sides;
    const side = second.isDone || (!first.isDone && first.isBehind(second)) ? first : second;
    if (side.isDone) break;
    const item = await side.next();
    if (item === undefined) continue;
    const other = side === first ? second : first;
    const partner = other.take(item.key);
    if (partner !== undefined) yield side === first ? { a: item, b: partner } : { a: partner, b: item };
    else for (const alone of side.hold(item)) yield { side: side.name, alone };
  }
  for (const side of sides) for (const alone of side.rest()) yield { side: side.name, alone };
}

/** One stream, and those of its items whose partners have not come. */
class Waiting<Item extends Stamped> {
  isDone = false;
  /** In the order in which they came. */
  readonly #held = new Set<Item>();
  readonly #byKey = new Map<string, Item[]>();
  #bytes = 0;
  #newest: bigint | undefined;

  constructor(
    readonly name: Side,
    private readonly items: AsyncIterator<Item>,
  ) {}

  isBehind(other: Waiting<Item>): boolean {
    if (this.#newest === other.#newest) return this.#held.size <= other.#held.size;
    return this.#newest === undefined || (other.#newest !== undefined && this.#newest < other.#newest);
  }

  /** Undefined at the end. */
  async next(): Promise<Item | undefined> {
    const { done, value } = (await this.items.next()) as IteratorResult<Item, undefined>;
    if (done === true) {
      this.isDone = true;
      return undefined;
    }
    if (this.#newest === undefined || value.stamp > this.#newest) this.#newest = value.stamp;
    return value;
  }

  /** @returns the oldest ones, for which there is no more room */
  hold(item: Item): Item[] {
    this.#held.add(item);
    this.#byKey.set(item.key, [...(this.#byKey.get(item.key) ?? []), item]);
    this.#bytes += item.bytes;
    const gone: Item[] = [];
    for (const oldest of this.#held) {
      if (this.#held.size <= HELD && (this.#bytes <= HELD_BYTES || this.#held.size === 1)) break;
      this.take(oldest.key);
      gone.push(oldest);
    }
    return gone;
  }

  take(key: string): Item | undefined {
    const [item, ...others] = this.#byKey.get(key) ?? [];
    if (item === undefined) return undefined;
    if (others.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, others);
    this.#held.delete(item);
    this.#bytes -= item.bytes;
    return item;
  }

  rest(): Iterable<Item> {
    return this.#held;
  }
}
