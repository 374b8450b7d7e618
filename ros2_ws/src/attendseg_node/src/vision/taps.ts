import type { Arena } from './arena.js';

/** Weights add up to this. */
export const UNIT = 1 << 14;

/** The filter of one axis of a resize: target pixel i is a weighted sum of `count` source pixels, in kernel memory. */
export interface Taps {
  /** Even, and the same for all; weights at the end may be zero and may lie up to two pixels past the source. */
  readonly count: number;
  /** Address of the first source pixel of each target pixel, 32 bits each. */
  readonly firsts: number;
  /** Address of `count` weights for each target pixel, 16 bits each. */
  readonly weights: number;
}

/**
 * The filter that makes `target` pixels of `source` ones: the area average when that is fewer (as cv2.INTER_AREA),
 * else linear interpolation between pixel centres. All in integers.
 */
export function makeTaps(arena: Arena, source: number, target: number): Taps {
  return target <= source ? areaTaps(arena, source, target) : linearTaps(arena, source, target);
}

function areaTaps(arena: Arena, source: number, target: number): Taps {
  // Measured in 1/target of a source pixel, source pixel k covers [k, k + 1) * target, and target pixel i
  // [i, i + 1) * source. Rounding where the weights' running sum ends, not each weight, keeps the total at UNIT.
  let count = 0;
  for (let i = 0; i < target; i++) {
    const first = Math.floor((i * source) / target);
    count = Math.max(count, Math.ceil(((i + 1) * source) / target) - first);
  }
  const taps = takeTaps(arena, count + (count & 1), target);
  for (let i = 0; i < target; i++) {
    const first = Math.floor((i * source) / target);
    arena.int32[taps.firsts / 4 + i] = first;
    let before = 0;
    for (let k = 0; k < taps.count; k++) {
      const covered = Math.min((first + k + 1) * target - i * source, source);
      const sum = Math.floor((2 * covered * UNIT + source) / (2 * source));
      arena.int16[taps.weights / 2 + i * taps.count + k] = sum - before;
      before = sum;
    }
  }
  return taps;
}

function linearTaps(arena: Arena, source: number, target: number): Taps {
  const taps = takeTaps(arena, 2, target);
  for (let i = 0; i < target; i++) {
    // The target pixel's centre, from the centre of source pixel 0, in 1/(2 * target) of a source pixel.
    const centre = Math.min(Math.max((2 * i + 1) * source - target, 0), 2 * target * (source - 1));
    const first = Math.floor(centre / (2 * target));
    const weight = Math.round(((centre - first * 2 * target) * UNIT) / (2 * target));
    arena.int32[taps.firsts / 4 + i] = first;
    arena.int16[taps.weights / 2 + 2 * i] = UNIT - weight;
    arena.int16[taps.weights / 2 + 2 * i + 1] = weight;
  }
  return taps;
}

function takeTaps(arena: Arena, count: number, target: number): Taps {
  return { count, firsts: arena.take(4 * target), weights: arena.take(2 * count * target) };
}
