import { setImmediate as nextTurn } from 'node:timers/promises';
import koffi from 'koffi';

/** Of mallopt(3). */
const M_ARENA_MAX = -8;
/** Parts of the memory that threads take from; by default eight for each core. */
const ARENAS = 2;

const mallopt = glibcFunction('int mallopt(int parameter, int value)');
const mallocTrim = glibcFunction('int malloc_trim(size_t pad)');

/**
 * Lets the threads that are still to come share the C library's memory. glibc gives each its own part of it, with holes
 * that no other can use: every network that is exchanged brings new threads, and the first dozen take 25 MB so.
 */
export function shareMemory(): void {
  mallopt(M_ARENA_MAX, ARENAS);
}

/**
 * Gives the system back what the C library keeps for later. What a network had lies in pieces between what others still
 * have: glibc gives that back only when asked, and the next network finds little of it that fits.
 * Pictures that a pool lets go are free two turns later, when the port that they were sent to has closed.
 */
export async function returnMemory(): Promise<void> {
  await nextTurn();
  await nextTurn();
  mallocTrim(0);
}

/** One that does nothing where another C library lacks it. */
function glibcFunction(prototype: string): (...values: number[]) => void {
  try {
    return koffi.load(null).func(prototype) as (...values: number[]) => void;
  } catch {
    return () => undefined;
  }
}
