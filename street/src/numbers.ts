/**
 * Arithmetic that gives the same bits on every machine: integer hashes, IEEE additions, multiplications and square
 * roots only. Math.sin, Math.pow and friends are left out on purpose: their last bit may depend on how the JavaScript
 * engine was compiled, and the street promises the same bytes everywhere. (What is used of Math is looked up once, as
 * in the other inner loops here: in a jest sandbox each look at a global costs more than the arithmetic.)
 */
const { floor, imul } = Math;

/** Scrambles 32 bits (Wellons' lowbias32). */
export function scramble(value: number): number {
  let x = value | 0;
  x = imul(x ^ (x >>> 16), 0x7feb352d);
  x = imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** 32 well-mixed bits from two integers. */
export function hash(a: number, b: number): number {
  return scramble(scramble(a) + imul(b | 0, 0x9e3779b1));
}

/** A number in [0, 1) from two integers. */
export function chanceOf(a: number, b: number): number {
  return hash(a, b) / 4294967296;
}

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

export function lerp(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

const TAU = 6.283185307179586;

/** The sine of an angle in turns, to 4e-6. */
export function sine(turns: number): number {
  let t = turns - floor(turns + 0.5);
  if (t > 0.25) t = 0.5 - t;
  else if (t < -0.25) t = -0.5 - t;
  const x = t * TAU;
  const q = x * x;
  return x * (1 - (q / 6) * (1 - (q / 20) * (1 - (q / 42) * (1 - q / 72))));
}

/** The cosine of an angle in turns. */
export function cosine(turns: number): number {
  return sine(turns + 0.25);
}

/**
 * Smooth noise in [0, 1] over the plane, with one random value per corner of the unit grid, repeating every `period`
 * units along x. It remembers the cell it was last asked about, so going through a picture row by row is quick.
 */
export class NoiseField {
  readonly #seed: number;
  readonly #period: number;
  #x = NaN;
  #y = NaN;
  #topLeft = 0;
  #topRight = 0;
  #bottomLeft = 0;
  #bottomRight = 0;

  constructor(seed: number, period = 1 << 20) {
    this.#seed = seed;
    this.#period = period;
  }

  at(x: number, y: number): number {
    const ix = floor(x);
    const iy = floor(y);
    if (ix !== this.#x || iy !== this.#y) this.#enter(ix, iy);
    const fx = x - ix;
    const fy = y - iy;
    const sx = fx * fx * (3 - 2 * fx);
    const sy = fy * fy * (3 - 2 * fy);
    const top = this.#topLeft + (this.#topRight - this.#topLeft) * sx;
    const bottom = this.#bottomLeft + (this.#bottomRight - this.#bottomLeft) * sx;
    return top + (bottom - top) * sy;
  }

  #enter(ix: number, iy: number): void {
    this.#x = ix;
    this.#y = iy;
    const left = ((ix % this.#period) + this.#period) % this.#period;
    const right = (left + 1) % this.#period;
    this.#topLeft = chanceOf(this.#seed + iy, left);
    this.#topRight = chanceOf(this.#seed + iy, right);
    this.#bottomLeft = chanceOf(this.#seed + iy + 1, left);
    this.#bottomRight = chanceOf(this.#seed + iy + 1, right);
  }
}

/** A small seeded generator: every draw is the hash of a counter, so it can be forked without losing its place. */
export class Random {
  readonly #seed: number;
  #count = 0;

  constructor(seed: number, salt = 0) {
    this.#seed = hash(seed, salt);
  }

  /** The next number in [0, 1). */
  next(): number {
    return hash(this.#seed, this.#count++) / 4294967296;
  }

  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Roughly normal, mean 0, deviation 1. */
  normal(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * 1.7320508;
  }

  /** A seed for something that has its own generator. */
  seed(): number {
    return hash(this.#seed, this.#count++);
  }
}
