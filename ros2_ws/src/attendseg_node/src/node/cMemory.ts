import { setImmediate as nextTurn } from 'node:timers/promises';
import koffi from 'koffi';

/** Of mallopt(3). */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
const M_ARENA_MAX = -8;
/** Parts of the memory that threads take from; by default eight for each core. */
const ARENAS = 2;
/** Bytes of a picture, at most: the middleware takes each one's anew, which is dear where they come from the system. */
const PICTURE = 32 * 2 ** 20;
/** Bytes that each part may keep free at its end: while pictures flow, and while memory is returned. */
const SPARE = 2 * PICTURE;
const LITTLE = 128 * 2 ** 10;
/** Milliseconds in which each thread that has pictures frees one. */
const LINGERS = 500;

const mallopt = glibcFunction('int mallopt(int parameter, int value)');
const mallocTrim = glibcFunction('int malloc_trim(size_t pad)');

/** So many ask for what is free to be returned. */
let returning = 0;

/**
 * Lets the threads that are still to come share the C library's memory. glibc gives each its own part of it, with holes
 * that no other can use: every network that is exchanged brings new threads, and the first dozen take 25 MB so.
 */
export function shareMemory(): void {
  mallopt(M_ARENA_MAX, ARENAS);
  mallopt(M_MMAP_THRESHOLD, PICTURE);
  mallopt(M_TRIM_THRESHOLD, SPARE);
}

/**
 * Gives the system back what the C library keeps for later, of all that `work` frees. What a network had lies in pieces
 * between what others still have: glibc gives that back only when asked, and what is free at the end of a part only when
 * a block of that part is freed.
 * Pictures that a pool lets go are free two turns later, when the port that they were sent to has closed.
 */
export async function returningMemory<Result>(work: () => Promise<Result>): Promise<Result> {
  if (returning++ === 0) mallopt(M_TRIM_THRESHOLD, LITTLE);
  try {
    return await work();
  } finally {
    await nextTurn();
    await nextTurn();
    mallocTrim(0);
    setTimeout(() => {
      if (--returning === 0) mallopt(M_TRIM_THRESHOLD, SPARE);
    }, LINGERS).unref();
  }
}

/** One that does nothing where another C library lacks it. */
function glibcFunction(prototype: string): (...values: number[]) => void {
  try {
    return koffi.load(null).func(prototype) as (...values: number[]) => void;
  } catch {
    return () => undefined;
  }
}
