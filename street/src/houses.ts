import { BLOCK_LENGTH, buildingLine, KERB_HEIGHT, lotStart, SIDES, type Side, type Site } from './block.js';
import { raiseFence, plantTree } from './furniture.js';
import type { House } from './facades.js';
import { SHADE, type Triple } from './light.js';
import { clamp, lerp } from './numbers.js';
import type { Surface } from './surfaces.js';

const DEPTH = 9;

/** A row of houses on both sides, with a gap here and there. */
export function buildHouses(site: Site): void {
  for (const side of SIDES) buildRow(site, side);
}

interface Lot {
  readonly house: House | undefined;
  readonly width: number;
}

function buildRow(site: Site, side: Side): void {
  const { plan, random, start } = site;
  const from = lotStart(site, side);
  const length = start + BLOCK_LENGTH - from;
  const lots = divide(site, length);
  const natural = lots.reduce((sum, lot) => sum + lot.width, 0);
  const isDetached = plan.character === 'suburb';
  let s = from;
  for (const lot of lots) {
    const end = s + (lot.width * length) / natural;
    if (!lot.house) fillGap(site, side, s, end);
    else if (isDetached)
      buildHouse(site, side, lot.house, s + random.range(0.6, 1.5), end - random.range(0.6, 1.5));
    else buildHouse(site, side, lot.house, s, end);
    s = end;
  }
}

/** Draws lots until the row is full; its houses are then stretched a little to fit. */
function divide({ plan, kit, random }: Site, length: number): Lot[] {
  const lots: Lot[] = [];
  let house = random.pick(kit.houses);
  for (let total = 0; total < length * 0.85;) {
    if (plan.character !== 'terrace' || random.chance(0.35)) house = random.pick(kit.houses);
    const isGap = random.chance(plan.gaps);
    const width = isGap ? random.range(6, 11) : house.width + (plan.character === 'suburb' ? 2 : 0);
    lots.push({ house: isGap ? undefined : house, width });
    total += width;
  }
  return lots;
}

function buildHouse(site: Site, side: Side, house: House, s0: number, s1: number): void {
  const { plan, course, block, random, kit } = site;
  const line = buildingLine(plan) + (plan.setback > 1.5 ? random.range(-0.6, 0.6) : 0);
  const height = house.height * clamp((s1 - s0) / house.width, 0.9, 1.12) * random.range(0.97, 1.05);
  const foot = KERB_HEIGHT - 0.05;
  const top = foot + height;
  const at = (back: number, y: number, s: number): Triple => {
    const [x0, y0] = course.place(side * line, y, s);
    return [x0 + side * back, y0, s];
  };
  // On the right one sees the near end of a front on the right-hand side.
  const [first, last] = side < 0 ? [s0, s1] : [s1, s0];
  const { solids } = block;
  solids.quad(house.front, at(0, top, first), at(0, top, last), at(0, foot, last), at(0, foot, first));
  const [near, far] = side < 0 ? [DEPTH, 0] : [0, DEPTH];
  const { side: wall } = house;
  solids.quad(
    wall.texture,
    at(near, top, s0),
    at(far, top, s0),
    at(far, foot, s0),
    at(near, foot, s0),
    tiles(wall, DEPTH, height),
  );
  if (house.roof) {
    const rise = DEPTH * random.range(0.28, 0.42);
    const ridge = top + rise;
    const eaves = top - 0.12;
    const size = tiles(house.roof, s1 - s0, rise * 1.4);
    solids.quad(
      house.roof.texture,
      at(DEPTH / 2, ridge, first),
      at(DEPTH / 2, ridge, last),
      at(-0.25, eaves, last),
      at(-0.25, eaves, first),
      size,
    );
    const gable: Triple = at(DEPTH / 2, ridge, s0);
    solids.quad(wall.texture, gable, gable, at(far, top, s0), at(near, top, s0), tiles(wall, DEPTH, rise));
    if (house.hasChimney)
      buildChimney(
        site,
        side,
        wall,
        at(DEPTH * 0.42, ridge - 0.6, random.chance(0.5) ? lerp(s0, s1, 0.85) : lerp(s0, s1, 0.2)),
      );
  }
  castShadow(site, at(0, 0, s0), at(0, 0, s1), height);
  if (random.chance(plan.shops * 0.35)) {
    const sign = random.pick(kit.shopSigns);
    const s = lerp(s0, s1, random.range(0.2, 0.8));
    const y = random.range(2.6, 3.4);
    const [out, inn] = [-0.2 - sign.width, -0.2];
    const [l, r] = side < 0 ? [inn, out] : [out, inn];
    solids.quad(sign.texture, at(l, y + sign.height, s), at(r, y + sign.height, s), at(r, y, s), at(l, y, s));
  }
  if (plan.setback > 1.5) frontGarden(site, side, s0, s1, line);
}

function tiles(surface: Surface, width: number, height: number): [number, number, number, number] {
  return [0, 0, width / surface.width, height / surface.height];
}

function buildChimney({ block }: Site, side: Side, wall: Surface, [x, y, z]: Triple): void {
  const [w, h] = [0.35, 1.9];
  const corner = (a: number, up: number, b: number): Triple => [x + a * w, y + up, z + b * w];
  const patch = tiles(wall, 0.7, h);
  block.solids.quad(
    wall.texture,
    corner(-1, h, -1),
    corner(1, h, -1),
    corner(1, 0, -1),
    corner(-1, 0, -1),
    patch,
  );
  const inner = -side;
  block.solids.quad(
    wall.texture,
    corner(inner, h, side),
    corner(inner, h, -side),
    corner(inner, 0, -side),
    corner(inner, 0, side),
    patch,
  );
}

/** The long shadow of a house with this front edge. */
function castShadow({ light, block, kit }: Site, a: Triple, b: Triple, height: number): void {
  const [sx, sy, sz] = light.sun;
  if (light.direct[0] < 0.3) return;
  const reach = Math.min(40, height / sy);
  const shift = ([x, y, z]: Triple): Triple => [x - sx * reach, y, z - sz * reach];
  block.shadows.quad(kit.shade, a, b, shift(b), shift(a), [0, 0, 1, 1], SHADE);
}

function frontGarden(site: Site, side: Side, s0: number, s1: number, line: number): void {
  const { plan, kit, random } = site;
  const edge = plan.roadHalf + plan.pavementWidth + 0.1;
  const gate = lerp(s0, s1, random.range(0.3, 0.6));
  for (const [from, to] of [
    [s0 - 1, gate],
    [gate + 1.1, s1 + 1],
  ] as const) {
    if (random.chance(plan.fences)) raiseFence(site, random.pick(kit.fences), side * edge, from, to);
    else if (random.chance(0.5)) raiseFence(site, kit.hedge, side * (edge + 0.2), from, to);
  }
  if (plan.setback < 2.6) return;
  for (let i = random.below(3); i > 0; i--) {
    plantTree(
      site,
      random.pick(kit.bushes),
      side * random.range(edge + 0.8, line - 0.8),
      random.range(s0, s1),
      random.range(0.5, 0.9),
    );
  }
  if (random.chance(plan.trees * 0.5))
    plantTree(
      site,
      random.pick(kit.trees),
      side * (edge + 1.4),
      random.range(s0, s1),
      random.range(0.6, 0.9),
    );
}

/** Between houses: trees behind a fence. */
function fillGap(site: Site, side: Side, s0: number, s1: number): void {
  const { plan, kit, random } = site;
  const line = buildingLine(plan);
  raiseFence(site, random.chance(0.25) ? kit.hedge : random.pick(kit.fences), side * line, s0, s1);
  for (let i = 0; i < 3; i++) {
    const kindOf = random.chance(0.7) ? kit.trees : kit.bushes;
    plantTree(
      site,
      random.pick(kindOf),
      side * (line + random.range(1.5, 9)),
      random.range(s0 + 1, s1 - 1),
      random.range(0.7, 1.1),
    );
  }
}
