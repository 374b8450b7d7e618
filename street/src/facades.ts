import { Canvas, dim, mix, rgb, type Colour } from './canvas.js';
import { BUILDING } from './classes.js';
import { Random } from './numbers.js';
import type { Plan } from './plan.js';
import { createRoof, createSideWall, layBricks, type Surface } from './surfaces.js';
import type { Texture } from './texture.js';

/** One design of house: its front, and what the rest of it is made of. */
export interface House {
  readonly front: Texture;
  /** Natural size of the front. */
  readonly width: number;
  readonly height: number;
  readonly side: Surface;
  /** Undefined for a flat roof. */
  readonly roof: Surface | undefined;
  readonly hasChimney: boolean;
}

type Wall = 'brick' | 'stone' | 'render' | 'concrete';

const WALLS: Record<Wall, readonly Colour[]> = {
  brick: [
    rgb(148, 84, 64),
    rgb(126, 72, 58),
    rgb(168, 112, 80),
    rgb(178, 150, 108),
    rgb(188, 166, 128),
    rgb(110, 72, 62),
  ],
  stone: [rgb(190, 176, 148), rgb(168, 158, 142), rgb(150, 140, 126), rgb(204, 192, 168)],
  render: [
    rgb(222, 218, 208),
    rgb(212, 198, 168),
    rgb(206, 178, 158),
    rgb(176, 190, 196),
    rgb(228, 214, 180),
    rgb(196, 150, 128),
    rgb(160, 176, 152),
  ],
  concrete: [rgb(160, 158, 154), rgb(138, 138, 138), rgb(184, 180, 172), rgb(120, 116, 114)],
};

const SHOP_COLOURS: readonly Colour[] = [
  rgb(150, 30, 36),
  rgb(24, 60, 110),
  rgb(22, 84, 60),
  rgb(210, 170, 40),
  rgb(40, 40, 44),
  rgb(120, 60, 110),
  rgb(226, 222, 212),
  rgb(196, 88, 36),
  rgb(40, 120, 150),
];

interface Windows {
  readonly width: number;
  readonly height: number;
  readonly frame: Colour;
  readonly panes: readonly [number, number];
  readonly lintel: Colour | undefined;
  readonly lit: number;
}

export function createHouse(plan: Plan, random: Random, litWindows: number): House {
  const isModern =
    plan.character === 'modern'
      ? random.chance(0.75)
      : random.chance(plan.character === 'town' ? 0.15 : 0.04);
  const wall: Wall = isModern
    ? random.pick(['concrete', 'render', 'brick'])
    : random.pick(['brick', 'brick', 'render', 'stone']);
  const colour = dim(random.pick(WALLS[wall]), random.range(0.82, 1.08));
  const bays = plan.character === 'suburb' ? 2 + random.below(3) : 2 + random.below(4);
  const bay = isModern ? random.range(2.6, 3.6) : random.range(2, 2.9);
  const [least, most] = plan.storeys;
  const storeys = least + random.below(most - least + 1);
  const storey = random.range(2.7, 3.5);
  const ground = random.range(2.9, 3.8);
  const width = bays * bay;
  const height = ground + (storeys - 1) * storey + random.range(0.2, 0.8);
  const canvas = new Canvas(width > 7 ? 512 : 256, 512, width, height, BUILDING);
  canvas.fill(colour);
  if (wall === 'brick') layBricks(canvas, colour, random);
  if (wall === 'stone') layStones(canvas, colour, random);
  canvas.weather(random.seed(), 0.1, 2, wall === 'render' ? 0.03 : 0.05);

  const windows: Windows = {
    width: isModern ? bay * random.range(0.6, 0.96) : random.range(0.85, 1.25),
    height: isModern ? storey * random.range(0.45, 0.75) : random.range(1.3, 1.85),
    frame: random.chance(0.65)
      ? rgb(232, 232, 228)
      : random.pick([rgb(50, 52, 56), rgb(96, 72, 52), rgb(70, 84, 76)]),
    panes: random.pick([
      [2, 2],
      [1, 2],
      [2, 1],
      [3, 2],
      [2, 4],
    ] as const),
    lintel: isModern
      ? undefined
      : random.pick([undefined, rgb(206, 198, 182), dim(colour, 0.72), rgb(228, 224, 216)]),
    lit: litWindows,
  };
  const band = isModern && random.chance(0.5) ? dim(colour, random.range(0.7, 1.25)) : undefined;
  for (let floor = 1; floor < storeys; floor++) {
    const base = ground + (floor - 1) * storey;
    if (band !== undefined) canvas.rect(0, base - 0.15, width, base + 0.3, band);
    for (let i = 0; i < bays; i++) drawWindow(canvas, (i + 0.5) * bay, base + storey * 0.28, windows, random);
  }
  if (random.chance(plan.shops)) drawShop(canvas, width, ground, random, litWindows);
  else drawGroundFloor(canvas, bays, bay, ground, windows, random);
  drawEdges(canvas, width, height, colour, ground, random);
  return {
    front: canvas.texture(),
    width,
    height,
    side: createSideWall(colour, wall === 'brick', random),
    roof: isModern ? undefined : createRoof(random),
    hasChimney: !isModern && random.chance(0.7),
  };
}

function layStones(canvas: Canvas, colour: Colour, random: Random): void {
  for (let y = 0; y < canvas.metresHigh; y += 0.4) {
    for (let x = random.range(-0.6, 0); x < canvas.metresWide;) {
      const length = random.range(0.4, 0.8);
      canvas.rect(x, y, x + length - 0.02, y + 0.38, dim(colour, random.range(0.9, 1.08)));
      x += length;
    }
  }
}

/** A window with glass that mirrors the sky, curtains in some, frame, sill and the shadow below it. */
function drawWindow(canvas: Canvas, x: number, y: number, windows: Windows, random: Random): void {
  const { width, height, frame, panes, lintel } = windows;
  const [left, right] = [x - width / 2, x + width / 2];
  canvas.rect(left - 0.05, y - 0.14, right + 0.05, y - 0.05, dim(frame, 0.35));
  drawGlass(canvas, left, y, right, y + height, windows.lit, random);
  if (random.chance(0.4)) {
    const curtain = dim(random.pick([rgb(200, 194, 182), rgb(168, 150, 130), rgb(140, 150, 160)]), 0.8);
    const drawn = random.range(0.1, 0.35) * width;
    canvas.rect(left, y, left + drawn, y + height, curtain);
    canvas.rect(right - drawn, y, right, y + height, curtain);
  } else if (random.chance(0.25)) {
    canvas.rect(left, y + height * random.range(0.3, 0.8), right, y + height, rgb(176, 172, 162));
  }
  const bar = 0.035;
  for (let i = 1; i < panes[0]; i++) {
    const at = left + (width * i) / panes[0];
    canvas.rect(at - bar / 2, y, at + bar / 2, y + height, frame);
  }
  for (let i = 1; i < panes[1]; i++) {
    const at = y + (height * i) / panes[1];
    canvas.rect(left, at - bar / 2, right, at + bar / 2, frame);
  }
  canvas.rect(left - 0.06, y, left, y + height, frame);
  canvas.rect(right, y, right + 0.06, y + height, dim(frame, 0.8));
  canvas.rect(left - 0.06, y + height - 0.05, right + 0.06, y + height + 0.03, dim(frame, 0.7));
  if (lintel !== undefined)
    canvas.rect(left - 0.14, y + height + 0.03, right + 0.14, y + height + 0.24, lintel);
  canvas.rect(left - 0.1, y - 0.07, right + 0.1, y + 0.01, mix(frame, rgb(180, 174, 164), 0.5));
}

function drawGlass(
  canvas: Canvas,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  lit: number,
  random: Random,
): void {
  // Everything is drawn by lot first, lit or not, so that the hour never changes the rest of the street.
  const isLit = random.chance(lit);
  const lamplight = random.pick([rgb(244, 206, 132), rgb(232, 184, 110), rgb(250, 230, 190)]);
  const glass = random.pick([rgb(58, 66, 76), rgb(44, 50, 58), rgb(72, 82, 92), rgb(50, 54, 54)]);
  const sky = mix(glass, rgb(176, 192, 208), random.range(0.1, 0.75));
  const reflected = y0 + (y1 - y0) * random.range(0, 0.8);
  if (isLit) {
    canvas.rect(x0, y0, x1, y1, lamplight, true);
    return;
  }
  canvas.rect(x0, y0, x1, y1, glass);
  canvas.gradient(x0, reflected, x1, y1, mix(glass, sky, 0.3), sky);
}

/** A shop: stall riser, wide glass with goods behind, door, and a fascia with lettering. */
function drawShop(canvas: Canvas, width: number, ground: number, random: Random, lit: number): void {
  const paint = random.pick(SHOP_COLOURS);
  const top = ground - 0.85;
  canvas.rect(0.05, 0, width - 0.05, ground - 0.1, dim(paint, 0.85));
  const door = random.pick([0.2, width / 2 - 0.5, width - 1.2]);
  for (let x = 0.2; x < width - 0.5;) {
    const isDoor = x <= door + 0.01 && door < x + 0.9;
    const end = Math.min(width - 0.2, x + (isDoor ? 1 : random.range(1.2, 2.4)));
    drawGlass(canvas, x, isDoor ? 0.15 : 0.5, end - 0.08, top, lit * 2, random);
    for (let i = 0; i < 5; i++) {
      const at = random.range(x, end - 0.35);
      const goods = dim(random.pick(SHOP_COLOURS), random.range(0.5, 0.9));
      if (!isDoor)
        canvas.rect(at, 0.5, Math.min(end - 0.1, at + random.range(0.1, 0.4)), random.range(0.7, 1.5), goods);
    }
    x = end;
  }
  canvas.gradient(0.05, top, width - 0.05, ground - 0.12, dim(paint, 0.92), dim(paint, 1.08));
  canvas.rect(0, ground - 0.12, width, ground, dim(paint, 0.6));
  drawLettering(canvas, width * 0.15, top + 0.18, width * 0.85, ground - 0.3, paint, random);
}

/** Marks that read as letters from across a street. */
export function drawLettering(
  canvas: Canvas,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  ground: Colour,
  random: Random,
): void {
  const isDark = ((ground >> 8) & 255) < 130;
  const ink = isDark
    ? random.pick([rgb(240, 236, 222), rgb(232, 204, 110)])
    : random.pick([rgb(36, 34, 40), rgb(130, 30, 34)]);
  const size = y1 - y0;
  const end = lerpTo(x0, x1, random.range(0.6, 1));
  for (let x = x0; x < end; x += size * 0.72) {
    if (random.chance(0.14)) continue;
    const w = size * random.range(0.35, 0.56);
    const stroke = size * 0.16;
    canvas.rect(x, y0, x + stroke, y1, ink);
    if (random.chance(0.6)) canvas.rect(x + w - stroke, y0, x + w, y1, ink);
    for (const at of [y0, y0 + size * 0.42, y1 - stroke])
      if (random.chance(0.6)) canvas.rect(x, at, x + w, at + stroke, ink);
  }
}

function lerpTo(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

function drawGroundFloor(
  canvas: Canvas,
  bays: number,
  bay: number,
  ground: number,
  windows: Windows,
  random: Random,
): void {
  const door = random.below(bays);
  for (let i = 0; i < bays; i++) {
    const x = (i + 0.5) * bay;
    if (i !== door) {
      drawWindow(canvas, x, ground * 0.3, windows, random);
      continue;
    }
    const paint = random.pick([...SHOP_COLOURS, rgb(110, 70, 44)]);
    canvas.rect(x - 0.58, 0, x + 0.58, 2.55, rgb(222, 218, 208));
    canvas.rect(x - 0.46, 0.12, x + 0.46, 2.1, paint);
    for (const [dx, y] of [
      [-0.34, 0.3],
      [0.06, 0.3],
      [-0.34, 1.15],
      [0.06, 1.15],
    ] as const) {
      canvas.rect(x + dx, y, x + dx + 0.28, y + 0.7, dim(paint, 0.78));
    }
    drawGlass(canvas, x - 0.46, 2.16, x + 0.46, 2.48, windows.lit, random);
    canvas.rect(x - 0.7, 0, x + 0.7, 0.12, rgb(150, 146, 140));
  }
}

/** Cornice, plinth, drain pipe, and the darkening near the ground and at the neighbours. */
function drawEdges(
  canvas: Canvas,
  width: number,
  height: number,
  colour: Colour,
  ground: number,
  random: Random,
): void {
  if (random.chance(0.5))
    canvas.rect(0, ground - 0.08, width, ground + 0.08, dim(colour, random.range(0.75, 1.2)));
  canvas.rect(0, height - 0.3, width, height, mix(colour, rgb(216, 210, 198), random.range(0, 0.7)));
  canvas.rect(0, height - 0.38, width, height - 0.3, dim(colour, 0.55));
  if (random.chance(0.6))
    canvas.rect(
      width - 0.16,
      0,
      width - 0.06,
      height - 0.3,
      random.pick([rgb(40, 40, 42), rgb(120, 118, 114)]),
    );
  canvas.tone(0, 0, width, 0.5, 0.76, 1);
  canvas.tone(0, 0, 0.06, height, 0.8);
}
