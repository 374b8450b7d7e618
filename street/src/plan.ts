import type { TimeOfDay, Triple } from './light.js';
import { Random, sine } from './numbers.js';

/** How houses stand along the street. */
export type Character = 'town' | 'terrace' | 'suburb' | 'modern';

/** What makes one street differ from another, drawn once from the seed. Lengths in metres, speeds in metres a second. */
export interface Plan {
  readonly seed: number;
  readonly character: Character;
  readonly timeOfDay: TimeOfDay;
  /** -1 drives on the left, +1 on the right. */
  readonly driveSide: -1 | 1;
  /** From the middle to the kerb, and the part of it along the kerb that is for parking (0: none). */
  readonly roadHalf: number;
  readonly parkingWidth: number;
  readonly pavementWidth: number;
  /** From the pavement's back to the façades. */
  readonly setback: number;
  readonly storeys: readonly [number, number];
  /** Shares, 0 to 1. */
  readonly parked: number;
  readonly traffic: number;
  readonly walkers: number;
  readonly cyclists: number;
  readonly trees: number;
  readonly fences: number;
  readonly signs: number;
  readonly shops: number;
  readonly gaps: number;
  readonly crossings: number;
  /** The camera's. */
  readonly speed: number;
  readonly eyeHeight: number;
  readonly focal: number;
  /** The horizon's height above the middle of the picture, in focal lengths. */
  readonly pitch: number;
  readonly noise: number;
}

export function createPlan(seed: number, timeOfDay?: TimeOfDay): Plan {
  const random = new Random(seed, 100);
  const character = random.pick<Character>(['town', 'town', 'terrace', 'terrace', 'suburb', 'modern']);
  const isOpen = character === 'suburb';
  const drawn = random.pick<TimeOfDay>(['noon', 'noon', 'noon', 'overcast', 'overcast', 'dawn', 'dusk']);
  const parks = random.chance(0.6);
  const setback = {
    town: random.range(0, 0.3),
    terrace: random.range(0, 3),
    suburb: random.range(3, 7),
    modern: random.range(0, 4),
  };
  const storeys = { town: [2, 4], terrace: [2, 3], suburb: [1, 2], modern: [3, 6] } as const;
  const bustle = random.next();
  return {
    seed,
    character,
    timeOfDay: timeOfDay ?? drawn,
    driveSide: random.chance(0.75) ? -1 : 1,
    roadHalf: random.range(3.6, 5) + (parks ? 1.3 : 0),
    parkingWidth: parks ? 2.1 : 0,
    pavementWidth: random.range(1.8, 3.8),
    setback: setback[character],
    storeys: storeys[character],
    parked: parks ? random.range(0.3, 0.95) : random.range(0, 0.12),
    traffic: 0.1 + 0.6 * bustle * random.next() + 0.15 * random.next(),
    walkers: 0.12 + 0.5 * bustle + 0.2 * random.next(),
    cyclists: random.range(0.12, 0.55),
    trees: isOpen ? random.range(0.5, 1) : random.range(0.1, 0.9) * random.next() + 0.12,
    fences: isOpen ? random.range(0.6, 1) : random.range(0.2, 0.8),
    signs: random.range(0.4, 1),
    shops: {
      town: random.range(0.5, 1),
      terrace: random.range(0, 0.5),
      suburb: 0,
      modern: random.range(0.1, 0.7),
    }[character],
    gaps: isOpen ? random.range(0.1, 0.3) : random.range(0, 0.16),
    crossings: random.range(0.15, 0.45),
    speed: random.range(4, 11),
    eyeHeight: random.range(1.2, 1.75),
    focal: random.range(0.78, 1.08),
    pitch: random.range(-0.07, 0.06),
    noise: random.range(1.2, 4.2),
  };
}

/** The street's course: along s, across t, above the road y. It sways and rises gently and never ends. */
export class Course {
  readonly #waves: readonly {
    readonly across: number;
    readonly up: number;
    readonly length: number;
    readonly phase: number;
  }[];

  constructor(seed: number) {
    const random = new Random(seed, 101);
    const bend = random.next() * random.next();
    this.#waves = [random.range(170, 260), random.range(300, 520)].map((length) => ({
      across: bend * length * 0.03,
      up: random.range(0, 0.002) * length,
      length,
      phase: random.next(),
    }));
  }

  /** Where the street's middle is at s: its x and its height. */
  x(s: number): number {
    let x = 0;
    for (const { across, length, phase } of this.#waves) x += across * sine(s / length + phase);
    return x;
  }

  y(s: number): number {
    let y = 0;
    for (const { up, length, phase } of this.#waves) y += up * sine(s / length + phase * 3);
    return y;
  }

  place(t: number, y: number, s: number): Triple {
    return [t + this.x(s), y + this.y(s), s];
  }
}
