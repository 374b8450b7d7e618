import { Canvas, dim, mix, rgb, type Colour } from './canvas.js';
import { BUILDING, FENCE, PAVEMENT, ROAD, TREE } from './classes.js';
import { chanceOf, hash, NoiseField, Random } from './numbers.js';
import type { Plan } from './plan.js';
import { HOLE, type Texture } from './texture.js';

/** A texture that repeats, and how many metres one repeat covers. */
export interface Surface {
  readonly texture: Texture;
  readonly width: number;
  readonly height: number;
}

function surface(canvas: Canvas): Surface {
  return { texture: canvas.texture(), width: canvas.metresWide, height: canvas.metresHigh };
}

/** The carriageway from kerb to kerb with its markings; the canvas' y runs along the street. */
export function createRoad(plan: Plan, random: Random, isMarked: boolean): Surface {
  const width = plan.roadHalf * 2;
  const canvas = new Canvas(512, 512, width, 12, ROAD);
  const grey = random.range(78, 128);
  const tone = random.range(-5, 7);
  canvas.fill(rgb(grey + tone, grey, grey - tone));
  canvas.weather(random.seed(), 0.05, 2.6, 0.12);
  // Patches where the road was opened, and the darker bands that tyres leave.
  for (let i = random.below(4); i > 0; i--) {
    const x = random.range(0, width - 1);
    const y = random.range(0, 10);
    const colour = dim(rgb(grey, grey, grey), random.range(0.68, 1.12));
    canvas.rect(x, y, x + random.range(0.5, 1.6), y + random.range(0.5, 2), colour);
  }
  for (const wheel of [-1.75, -0.25]) {
    for (const lane of [width / 4 + 1, (width * 3) / 4 + 1])
      canvas.tone(lane + wheel, 0, lane + wheel + 0.5, 12, 0.96);
  }
  for (const gutter of [0, width - 0.35]) canvas.tone(gutter, 0, gutter + 0.35, 12, 0.88);
  if (isMarked) mark(canvas, plan, random);
  // Markings are worn, too.
  canvas.weather(random.seed(), 0.05, 0.15, 0);
  return surface(canvas);
}

function mark(canvas: Canvas, plan: Plan, random: Random): void {
  const width = plan.roadHalf * 2;
  const middle = width / 2;
  const white = dim(rgb(224, 224, 218), random.range(0.8, 1));
  const dash = random.pick([2, 3, 4]);
  if (random.chance(0.8)) {
    for (let y = 0; y < 12; y += dash * 2) canvas.rect(middle - 0.06, y, middle + 0.06, y + dash, white);
  } else if (random.chance(0.6)) {
    canvas.rect(middle - 0.18, 0, middle - 0.07, 12, white);
    canvas.rect(middle + 0.07, 0, middle + 0.18, 12, white);
  }
  const edge = random.pick(['none', 'double', 'single', 'white'] as const);
  const yellow = dim(rgb(212, 178, 74), random.range(0.75, 1));
  for (const side of [0.28, width - 0.28]) {
    const inward = side < middle ? 0.2 : -0.2;
    if (edge === 'white') canvas.rect(side - 0.05, 0, side + 0.05, 12, white);
    if (edge === 'single' || edge === 'double') canvas.rect(side - 0.04, 0, side + 0.04, 12, yellow);
    if (edge === 'double') canvas.rect(side + inward - 0.04, 0, side + inward + 0.04, 12, yellow);
    if (plan.parkingWidth > 0 && edge === 'none') {
      const x = side < middle ? plan.parkingWidth : width - plan.parkingWidth;
      canvas.rect(x - 0.05, 0, x + 0.05, 12, white);
      for (const y of [0, 6]) canvas.rect(Math.min(side, x), y, Math.max(side, x), y + 0.1, white);
    }
  }
  const [x, y] = [random.range(1, width - 1), random.range(1, 11)];
  canvas.ellipse(x, y, 0.34, 0.34, rgb(62, 60, 58));
  canvas.ellipse(x, y, 0.28, 0.28, rgb(88, 84, 80));
}

/** Stripes for people to cross on, one repeat per stripe and gap. */
export function createZebra(): Surface {
  const canvas = new Canvas(32, 64, 1, 3, ROAD);
  canvas.fill(rgb(84, 84, 86));
  canvas.rect(0, 0, 0.5, 3, rgb(214, 214, 208));
  canvas.weather(5, 0.1, 0.5, 0.12);
  return surface(canvas);
}

export function createPavement(random: Random): Surface {
  const canvas = new Canvas(256, 256, 3.6, 3.6, PAVEMENT);
  const base = random.pick([
    rgb(164, 158, 150),
    rgb(146, 144, 142),
    rgb(176, 166, 150),
    rgb(150, 128, 116),
    rgb(128, 126, 124),
  ]);
  const joint = dim(base, 0.72);
  canvas.fill(base);
  const style = random.pick(['slabs', 'slabs', 'bricks', 'tarmac'] as const);
  const wide = style === 'bricks' ? 0.225 : random.pick([0.45, 0.6, 0.9]);
  const deep = style === 'bricks' ? 0.12 : random.pick([0.6, 0.9]);
  if (style !== 'tarmac') {
    for (let row = 0; row * deep < 3.6; row++) {
      const shift = (row % 2) * wide * 0.5;
      for (let x = -shift; x < 3.6; x += wide) {
        canvas.rect(x, row * deep, x + wide, (row + 1) * deep, joint);
        const stone = dim(base, random.range(0.9, 1.08));
        canvas.rect(x + 0.016, row * deep + 0.016, x + wide - 0.016, (row + 1) * deep - 0.016, stone);
      }
    }
  }
  canvas.weather(random.seed(), 0.12, 0.9, 0.1);
  return surface(canvas);
}

export function createKerb(random: Random): Surface {
  const canvas = new Canvas(64, 16, 1, 0.25, PAVEMENT);
  const grey = random.range(136, 186);
  canvas.gradient(0, 0, 1, 0.25, rgb(grey * 0.6, grey * 0.6, grey * 0.58), rgb(grey, grey, grey * 0.97));
  canvas.rect(0, 0, 0.02, 0.25, rgb(90, 90, 88));
  canvas.weather(random.seed(), 0.1, 0.2, 0.12);
  return surface(canvas);
}

/** Grass and low plants: CamVid counts them with the trees. */
export function createGrass(random: Random): Surface {
  const canvas = new Canvas(128, 128, 4, 4, TREE);
  canvas.fill(random.pick([rgb(96, 118, 58), rgb(84, 104, 56), rgb(120, 122, 70)]));
  canvas.weather(random.seed(), 0.3, 0.5, 0.25);
  return surface(canvas);
}

/** A clipped hedge's leaves, ragged along the top. */
export function createHedge(random: Random): Surface {
  const canvas = new Canvas(256, 128, 4, 2, TREE);
  const green = random.pick([rgb(62, 84, 40), rgb(78, 96, 48), rgb(54, 76, 50), rgb(92, 88, 44)]);
  const seed = random.seed();
  const [outline, depth] = [new NoiseField(seed), new NoiseField(seed)];
  canvas.gradient(0, 0, 4, 1.95, dim(green, 0.55), green);
  canvas.repaint((x, y, colour) => {
    if (y > 1.8 + 0.22 * (outline.at(x * 5, 1) - 0.4)) return HOLE;
    const leaf = chanceOf(seed, hash((x * 64) | 0, (y * 64) | 0));
    return dim(colour, 0.7 + 0.45 * depth.at(x * 9, y * 9) + 0.4 * (leaf - 0.5));
  });
  return surface(canvas);
}

/** Covers a canvas up to `top` with bricks in courses and mortar between, every brick a little different. */
export function layBricks(canvas: Canvas, brick: Colour, random: Random, top = canvas.metresHigh): void {
  const [length, course, joint] = [0.24, 0.085, 0.014];
  canvas.rect(0, 0, canvas.metresWide, top, mix(brick, rgb(196, 186, 172), 0.42));
  for (let row = 0; row * course < top; row++) {
    const y = row * course;
    for (let x = (row % 2) * -0.5 * length; x < canvas.metresWide; x += length) {
      const colour = dim(brick, random.range(0.82, 1.18));
      canvas.rect(x + joint, y + joint, x + length, Math.min(top, y + course), colour);
    }
  }
}

/** A plain wall for gables and the sides of houses. */
export function createSideWall(colour: Colour, isBrick: boolean, random: Random): Surface {
  const canvas = new Canvas(256, 256, 6, 6, BUILDING);
  canvas.fill(colour);
  if (isBrick) layBricks(canvas, colour, random);
  canvas.weather(random.seed(), 0.14, 1.5, 0.06);
  return surface(canvas);
}

export function createRoof(random: Random): Surface {
  const canvas = new Canvas(128, 128, 3, 3, BUILDING);
  const tile = random.pick([
    rgb(92, 92, 100),
    rgb(78, 76, 80),
    rgb(134, 84, 64),
    rgb(116, 76, 62),
    rgb(104, 92, 80),
  ]);
  const seed = random.seed();
  canvas.fill(tile);
  canvas.repaint((x, y) => {
    const row = Math.floor(y / 0.3);
    const edge = y - row * 0.3 < 0.06 ? 0.72 : 1;
    return dim(tile, edge * (0.85 + 0.3 * chanceOf(seed + row, Math.floor(x / 0.3 + (row % 2) * 0.5))));
  });
  canvas.weather(seed, 0.18, 0.8, 0.08);
  return surface(canvas);
}

export type FenceKind = 'railing' | 'guard' | 'panels' | 'picket' | 'wall' | 'mesh';

/** A fence or garden wall; the class is fence for all of them. */
export function createFence(kind: FenceKind, random: Random): Surface {
  const high = { railing: 1.2, guard: 1.05, panels: 1.8, picket: 1, wall: 0.9, mesh: 2.2 }[kind];
  const canvas = new Canvas(256, 128, 3, high, FENCE);
  const iron = random.pick([rgb(30, 32, 34), rgb(36, 48, 42), rgb(120, 124, 128), rgb(172, 176, 178)]);
  const wood = random.pick([rgb(132, 100, 68), rgb(104, 84, 66), rgb(150, 128, 100), rgb(214, 212, 204)]);
  if (kind === 'panels' || kind === 'picket') {
    const board = kind === 'picket' ? 0.15 : 0.12;
    canvas.rect(0, high * 0.25, 3, high * 0.33, dim(wood, 0.8));
    canvas.rect(0, high * 0.72, 3, high * 0.8, dim(wood, 0.8));
    for (let x = 0; x < 3; x += board) {
      const top = high * random.range(0.95, 0.98);
      canvas.rect(
        x,
        0,
        x + board * (kind === 'picket' ? 0.62 : 0.93),
        top,
        dim(wood, random.range(0.82, 1.1)),
      );
    }
    if (kind === 'panels') for (const x of [0, 1.5]) canvas.rect(x, 0, x + 0.12, high * 0.99, dim(wood, 0.7));
  } else if (kind === 'wall') {
    const brick = random.pick([rgb(142, 84, 66), rgb(164, 132, 92), rgb(150, 146, 138), rgb(188, 182, 170)]);
    canvas.rect(0, 0, 3, high * 0.98, brick);
    if (random.chance(0.7)) layBricks(canvas, brick, random, high * 0.98);
    canvas.rect(0, high * 0.9, 3, high * 0.98, rgb(168, 162, 152));
  } else {
    const gap = kind === 'mesh' ? 0.1 : 0.125;
    const thick = kind === 'mesh' ? 0.012 : 0.028;
    for (let x = gap / 2; x < 3; x += gap) canvas.rect(x - thick / 2, 0.06, x + thick / 2, high * 0.96, iron);
    if (kind === 'mesh') for (let y = 0.1; y < high; y += 0.1) canvas.rect(0, y - 0.008, 3, y + 0.008, iron);
    for (const y of [0.1, high * 0.92]) canvas.rect(0, y - 0.03, 3, y + 0.03, iron);
    for (const x of [0.04, 1.54]) canvas.rect(x - 0.04, 0, x + 0.05, high * 0.98, iron);
  }
  canvas.weather(random.seed(), 0.1, 0.5, 0.06);
  return surface(canvas);
}
