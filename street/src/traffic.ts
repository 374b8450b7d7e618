import { isInHouseShadow, KERB_HEIGHT } from './block.js';
import type { Kit } from './kit.js';
import { lightOnUpright, type Light, type Triple } from './light.js';
import { Random, sine } from './numbers.js';
import type { Cyclist, Heading, Pedestrian } from './people.js';
import type { Course, Plan } from './plan.js';
import type { Vehicle } from './vehicles.js';

/** Something that moves, as it is at one moment. */
interface Moving {
  readonly place: Triple;
  readonly heading: Heading;
}

export interface MovingVehicle extends Moving {
  readonly vehicle: Vehicle;
  readonly isShaded: boolean;
}

export interface MovingCyclist extends Moving {
  readonly cyclist: Cyclist;
  readonly pedals: number;
  readonly light: number;
}

export interface Walker extends Moving {
  readonly pedestrian: Pedestrian;
  readonly stride: number;
  readonly light: number;
}

export interface Moment {
  readonly vehicles: MovingVehicle[];
  readonly cyclists: MovingCyclist[];
  readonly walkers: Walker[];
}

/** A stream of places that move along the street at one speed; each may hold somebody. It never began and never ends. */
interface Stream {
  readonly id: number;
  readonly speed: number;
  readonly spacing: number;
  readonly share: number;
}

/** How far ahead of the camera and behind it there is traffic. */
const AHEAD = 170;
const BEHIND = 14;

/** Who is where at any time: a pure function of the time, so frames can be asked for in any order. */
export class Traffic {
  readonly #plan: Plan;
  readonly #kit: Kit;
  readonly #course: Course;
  readonly #light: Light;
  readonly #oncomingSpeed: number;

  constructor(plan: Plan, kit: Kit, course: Course, light: Light) {
    this.#plan = plan;
    this.#kit = kit;
    this.#course = course;
    this.#light = light;
    this.#oncomingSpeed = -new Random(plan.seed, 300).range(5, 12);
  }

  /** The middle of the camera's lane. */
  get laneOffset(): number {
    const { roadHalf, parkingWidth, driveSide } = this.#plan;
    return driveSide * ((roadHalf - parkingWidth) / 2);
  }

  at(time: number, cameraS: number): Moment {
    const moment: Moment = { vehicles: [], cyclists: [], walkers: [] };
    const { traffic, speed } = this.#plan;
    this.#drive(moment, { id: 1, speed, spacing: 22, share: traffic * 0.8 }, this.laneOffset, time, cameraS);
    this.#drive(
      moment,
      { id: 2, speed: this.#oncomingSpeed, spacing: 19, share: traffic },
      -this.laneOffset,
      time,
      cameraS,
    );
    this.#cycle(moment, time, cameraS);
    this.#walk(moment, time, cameraS);
    return moment;
  }

  /** Calls `visit` for everybody of a stream near the camera, with where they are and a generator of their own. */
  #each(stream: Stream, time: number, cameraS: number, visit: (s: number, random: Random) => void): void {
    const { id, speed, spacing, share } = stream;
    const moved = speed * time;
    const first = Math.floor((cameraS - BEHIND - moved) / spacing);
    const last = Math.ceil((cameraS + AHEAD - moved) / spacing);
    for (let slot = first; slot <= last; slot++) {
      const random = new Random(this.#plan.seed + id * 7919, slot + 100000);
      if (random.chance(share)) visit(slot * spacing + moved, random);
    }
  }

  #drive(moment: Moment, stream: Stream, t: number, time: number, cameraS: number): void {
    const { vehicles } = this.#kit;
    const isOwnLane = stream.speed > 0;
    this.#each(stream, time, cameraS, (base, random) => {
      const vehicle = random.pick(vehicles);
      const sway = random.range(0, 3) * sine(time * 0.03 + random.next());
      const s = base + random.range(-2, 2) + sway;
      // The camera's own place in its lane stays free.
      if (isOwnLane && Math.abs(s - cameraS) < 8 + vehicle.length) return;
      const across = t + random.range(-0.2, 0.2);
      moment.vehicles.push({
        vehicle,
        ...this.#place(across, 0, s, Math.sign(stream.speed)),
        isShaded: this.#isShaded(across),
      });
    });
  }

  #cycle(moment: Moment, time: number, cameraS: number): void {
    const { roadHalf, parkingWidth, driveSide, cyclists: share } = this.#plan;
    const { cyclists } = this.#kit;
    for (const direction of [1, -1]) {
      const t = direction * driveSide * (roadHalf - (parkingWidth > 0 ? parkingWidth + 0.25 : 0.65));
      const speed = direction * 4.4;
      this.#each({ id: 4 + direction, speed, spacing: 23, share }, time, cameraS, (base, random) => {
        const s = base + random.range(-6, 6);
        const across = t + random.range(-0.15, 0.15);
        moment.cyclists.push({
          cyclist: random.pick(cyclists),
          ...this.#place(across, 0, s, direction),
          pedals: (s * direction) / 4.6 + random.next(),
          light: lightOnUpright(this.#light, this.#isShaded(across)),
        });
      });
    }
  }

  #walk(moment: Moment, time: number, cameraS: number): void {
    const { roadHalf, pavementWidth, walkers: share } = this.#plan;
    const { pedestrians } = this.#kit;
    for (let lane = 0; lane < 4; lane++) {
      const side = lane < 2 ? -1 : 1;
      const direction = lane % 2 ? 1 : -1;
      const speed = direction * (1.2 + 0.15 * lane);
      const middle = roadHalf + 0.9 + ((lane % 2) + 0.3) * Math.max(0.3, (pavementWidth - 1.3) / 2);
      this.#each({ id: 10 + lane, speed, spacing: 8, share: share * 0.6 }, time, cameraS, (base, random) => {
        const s = base + random.range(-2.5, 2.5);
        const t = side * (middle + random.range(-0.2, 0.2));
        const company = random.chance(0.25) ? 2 : 1;
        for (let i = 0; i < company; i++) {
          const along = s + i * random.range(-0.3, 0.3);
          moment.walkers.push({
            pedestrian: random.pick(pedestrians),
            ...this.#place(t + side * i * 0.6, KERB_HEIGHT, along, direction),
            stride: (along * direction) / 1.45 + random.next(),
            light: lightOnUpright(this.#light, this.#isShaded(t)),
          });
        }
      });
    }
  }

  #place(t: number, y: number, s: number, direction: number): Moving {
    const bend = (this.#course.x(s + 1) - this.#course.x(s - 1)) / 2;
    const length = Math.sqrt(1 + bend * bend);
    return {
      place: this.#course.place(t, y, s),
      heading: { dx: (direction * bend) / length, dz: direction / length },
    };
  }

  #isShaded(t: number): boolean {
    return isInHouseShadow(this.#plan, this.#light, t);
  }
}
