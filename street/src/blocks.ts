import {
  addContactShadow,
  BLOCK_LENGTH,
  isInHouseShadow,
  KERB_HEIGHT,
  lotStart,
  SIDES,
  type Block,
  type Site,
} from './block.js';
import { furnish } from './furniture.js';
import { layGround, layZebra } from './ground.js';
import { buildHouses } from './houses.js';
import type { Kit } from './kit.js';
import { lightOnUpright, type Light } from './light.js';
import { Mesh } from './mesh.js';
import { cosine, Random, sine } from './numbers.js';
import { Course, type Plan } from './plan.js';

/** Blocks kept for frames to come; a drive sees about ten at a time. */
const KEPT = 24;

/** Builds blocks on demand; block k is always the same, whenever it is asked for. */
export class Blocks {
  readonly #kept = new Map<number, Block>();

  constructor(
    readonly plan: Plan,
    readonly kit: Kit,
    readonly course: Course,
    readonly light: Light,
  ) {}

  get(index: number): Block {
    const kept = this.#kept.get(index);
    if (kept) return kept;
    const block = this.#build(index);
    this.#kept.set(index, block);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return block;
  }

  /** Does block k begin with a side street, and on which sides? */
  #opens(random: Random): { left: boolean; right: boolean } {
    if (!random.chance(this.plan.crossings)) return { left: false, right: false };
    const which = random.below(3);
    return { left: which !== 1, right: which !== 0 };
  }

  #build(index: number): Block {
    const { plan, kit, course, light } = this;
    const random = new Random(plan.seed, 1000 + index);
    const block: Block = {
      ground: new Mesh(light),
      shadows: new Mesh(light),
      solids: new Mesh(light),
      sprites: [],
      limbs: [],
      vehicles: [],
      bystanders: [],
    };
    const site: Site = {
      plan,
      kit,
      course,
      light,
      block,
      random,
      start: index * BLOCK_LENGTH,
      opens: this.#opens(random),
    };
    layGround(site);
    if (random.chance(0.12)) layZebra(site, site.start + 14);
    buildHouses(site);
    furnish(site);
    park(site);
    gather(site);
    return block;
  }
}

/** Vehicles along the kerbs. */
function park(site: Site): void {
  const { plan, kit, course, block, random, start, light } = site;
  for (const side of SIDES) {
    const from = lotStart(site, side) + 1;
    for (let s = from; s < start + BLOCK_LENGTH - 5;) {
      const vehicle = random.chance(0.5) ? random.pick(kit.parkedVehicles) : random.pick(kit.vehicles);
      const middle = s + vehicle.length / 2;
      s += vehicle.length + random.range(0.6, 1.4);
      if (vehicle.length > 5.5 || !random.chance(plan.parked) || s > start + BLOCK_LENGTH) continue;
      const t = side * (plan.roadHalf - vehicle.halfWidth - random.range(0.12, 0.3));
      const direction = random.chance(0.85) ? side * -plan.driveSide * -1 : side * -plan.driveSide;
      const bend = (course.x(middle + 2) - course.x(middle - 2)) / 4;
      const place = course.place(t, 0, middle);
      const heading = { dx: (bend + random.range(-0.02, 0.02)) * direction, dz: direction };
      block.vehicles.push({ vehicle, place, heading, isShaded: isInHouseShadow(plan, light, t) });
      addContactShadow(
        block.shadows,
        kit,
        place,
        heading,
        vehicle.halfWidth + 0.35,
        vehicle.length / 2 + 0.4,
      );
    }
  }
}

/** People who stand about. */
function gather(site: Site): void {
  const { plan, kit, course, block, random, start, light } = site;
  for (const side of SIDES) {
    if (!random.chance(plan.walkers * 0.7)) continue;
    const s = random.range(lotStart(site, side), start + BLOCK_LENGTH);
    for (let i = 1 + random.below(3); i > 0; i--) {
      const t = side * (plan.roadHalf + random.range(0.7, Math.max(0.8, plan.pavementWidth - 0.4)));
      const turn = random.next();
      const place = course.place(t, KERB_HEIGHT, s + random.range(-0.9, 0.9));
      block.bystanders.push({
        pedestrian: random.pick(kit.pedestrians),
        place,
        heading: { dx: sine(turn), dz: cosine(turn) },
        light: lightOnUpright(light, isInHouseShadow(plan, light, t)),
      });
      addContactShadow(block.shadows, kit, place, { dx: 0, dz: 1 }, 0.35, 0.35);
    }
  }
}
