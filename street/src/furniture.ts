import {
  addCrownShadow,
  BLOCK_LENGTH,
  isInHouseShadow,
  JUNCTION_LENGTH,
  KERB_HEIGHT,
  SIDES,
  type Side,
  type Site,
} from './block.js';
import type { Tree } from './foliage.js';
import { lightOnUpright, SHADE, type Triple } from './light.js';
import type { Surface } from './surfaces.js';
import type { Texture } from './texture.js';

/** Lamps, signs, trees, bollards and railings along both kerbs. */
export function furnish(site: Site): void {
  for (const side of SIDES) furnishSide(site, side);
}

function furnishSide(site: Site, side: Side): void {
  const { plan, kit, random, start, opens } = site;
  const t = side * (plan.roadHalf + 0.45);
  const isOpen = side < 0 ? opens.left : opens.right;
  const slots = 5;
  const phase = random.below(slots);
  for (let i = 0; i < slots; i++) {
    const s = start + ((i + 0.5) * BLOCK_LENGTH) / slots;
    if (isOpen && s < start + JUNCTION_LENGTH) continue;
    if (i === phase) {
      if (side > 0 || random.chance(0.4)) raiseLamp(site, side, t, s);
    } else if (random.chance(plan.signs * 0.4)) {
      raiseSign(site, side, t, s);
    } else if (random.chance(plan.trees * 0.7)) {
      plantTree(site, random.pick(kit.trees), t + side * 0.3, s, random.range(0.65, 1));
    } else if (random.chance(0.16)) {
      for (let k = 0; k < 3; k++) raiseBollard(site, t, s + k * 1.6);
    } else if (random.chance(plan.fences * 0.4)) {
      raiseFence(site, kit.railing, side * (plan.roadHalf + 0.3), s - 2.5, s + 3.5);
    }
  }
  if (isOpen && random.chance(0.5)) raiseSignals(site, side, t);
}

/** An upright light: the houses' shadow dims what stands on the ground. */
function uprightLight({ plan, light }: Site, t: number): number {
  return lightOnUpright(light, isInHouseShadow(plan, light, t));
}

function raisePole(
  site: Site,
  texture: Texture,
  t: number,
  s: number,
  height: number,
  radius: number,
): Triple {
  const { block, course } = site;
  const from = course.place(t, KERB_HEIGHT + height, s);
  block.limbs.push({
    texture,
    from,
    to: course.place(t, KERB_HEIGHT, s),
    radius,
    light: uprightLight(site, t),
  });
  return from;
}

function raiseLamp(site: Site, side: Side, t: number, s: number): void {
  const { kit, block, course, random, plan } = site;
  const texture = kit.poles[plan.seed % kit.poles.length]!;
  const isTall = plan.seed % 3 !== 0;
  const height = isTall ? random.range(6.8, 8) : random.range(4, 4.8);
  const top = raisePole(site, texture, t, s, height, isTall ? 0.07 : 0.055);
  block.limbs.push({
    texture,
    from: course.place(t, 1.3, s),
    to: course.place(t, KERB_HEIGHT, s),
    radius: 0.11,
    light: uprightLight(site, t),
  });
  const reach = isTall ? 1.5 : 0.35;
  const arm: Triple = [top[0] - side * reach, top[1] + 0.3, top[2]];
  const light = uprightLight(site, t);
  block.limbs.push({ texture, from: arm, to: top, radius: 0.045, light });
  const end: Triple = [arm[0] - side * 0.6, arm[1], arm[2]];
  block.limbs.push({ texture: kit.lamp, from: end, to: arm, radius: 0.11, light });
}

function raiseSign(site: Site, side: Side, t: number, s: number): void {
  const { kit, block, random } = site;
  const sign = random.pick(kit.signs);
  const height = random.range(2.5, 3.1);
  const [x, y, z] = raisePole(site, random.pick(kit.poles), t, s, height, 0.04);
  const boards = random.chance(0.25) ? 2 : 1;
  for (let i = 0; i < boards; i++) {
    const board = i === 0 ? sign : random.pick(kit.signs);
    const isBack = random.chance(side > 0 ? 0.15 : 0.06);
    const low = y - (i + 1) * 0.95 + (0.95 - board.height) / 2 + 0.05;
    const half = board.width / 2;
    const front = z - 0.06;
    block.solids.quad(
      isBack ? kit.signBack : board.texture,
      [x - half, low + board.height, front],
      [x + half, low + board.height, front],
      [x + half, low, front],
      [x - half, low, front],
    );
  }
}

function raiseSignals(site: Site, side: Side, t: number): void {
  const { kit, block, start, random } = site;
  const lit = random.pick(kit.signals);
  for (const s of [start - 0.5, start + JUNCTION_LENGTH + 0.5]) {
    const [x, y, z] = raisePole(site, kit.poles[0]!, t, s, 3.3, 0.06);
    block.solids.quad(
      lit,
      [x - 0.19, y, z - 0.1],
      [x + 0.19, y, z - 0.1],
      [x + 0.19, y - 1.05, z - 0.1],
      [x - 0.19, y - 1.05, z - 0.1],
    );
    // A hood seen from the side.
    block.solids.quad(
      kit.signBack,
      [x - side * 0.19, y, z + 0.2],
      [x - side * 0.19, y, z - 0.1],
      [x - side * 0.19, y - 1.05, z - 0.1],
      [x - side * 0.19, y - 1.05, z + 0.2],
      [0, 0, 1, 1],
      20,
    );
  }
}

function raiseBollard(site: Site, t: number, s: number): void {
  raisePole(site, site.kit.poles[(site.plan.seed + 1) % 3]!, t, s, 0.95, 0.075);
}

/** A fence along the street. */
export function raiseFence(site: Site, fence: Surface, t: number, s0: number, s1: number): void {
  const { course, block } = site;
  // Seen from the road, which lies on the other side for the left and the right.
  const [from, to] = t < 0 ? [s0, s1] : [s1, s0];
  const at = (y: number, s: number): Triple => course.place(t, KERB_HEIGHT + y, s);
  const length = (s1 - s0) / fence.width;
  block.solids.quad(fence.texture, at(fence.height, from), at(fence.height, to), at(0, to), at(0, from), [
    0,
    0.004,
    length,
    0.996,
  ]);
}

export function plantTree(site: Site, tree: Tree, t: number, s: number, scale: number): void {
  const { course, block, light } = site;
  const place = course.place(t, KERB_HEIGHT - 0.05, s);
  const [width, height] = [tree.width * scale, tree.height * scale];
  const lit = Math.round((SHADE + lightOnUpright(light, false)) / 2) + 20;
  block.sprites.push({ texture: tree.texture, place, width, height, light: Math.min(255, lit) });
  addCrownShadow(site, place, height * 0.6, width * 0.42);
}
