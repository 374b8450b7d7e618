import koffi from 'koffi';

/**
 * Gives the system back what the C library keeps for later. What a network had lies in pieces between what others still
 * have: glibc gives that back only when asked, and the next network finds little of it that fits.
 */
export const returnMemory: () => void = glibcTrim();

function glibcTrim(): () => void {
  try {
    const trim = koffi.load(null).func('int malloc_trim(size_t pad)') as (pad: number) => number;
    return () => {
      trim(0);
    };
  } catch {
    // Other C libraries have no such call.
    return () => undefined;
  }
}
