import type { Brush } from './brush.js';
import { Canvas, dim, mix, rgb, type Colour } from './canvas.js';
import { BICYCLIST, PEDESTRIAN } from './classes.js';
import type { Triple } from './light.js';
import { cosine, sine, type Random } from './numbers.js';
import { createRod } from './signs.js';
import { STRIDE } from './projection.js';
import type { Rasteriser } from './rasteriser.js';
import type { Texture } from './texture.js';

const SKIN: readonly Colour[] = [
  rgb(226, 184, 156),
  rgb(208, 158, 124),
  rgb(150, 104, 76),
  rgb(98, 68, 52),
  rgb(236, 200, 176),
];
const HAIR: readonly Colour[] = [
  rgb(46, 34, 26),
  rgb(92, 64, 40),
  rgb(160, 126, 74),
  rgb(24, 22, 22),
  rgb(150, 148, 144),
];
const CLOTHES: readonly Colour[] = [
  rgb(30, 32, 38),
  rgb(52, 58, 76),
  rgb(90, 90, 92),
  rgb(120, 40, 44),
  rgb(38, 70, 110),
  rgb(176, 168, 150),
  rgb(74, 84, 60),
  rgb(196, 64, 50),
  rgb(226, 222, 214),
  rgb(210, 170, 60),
  rgb(96, 70, 110),
  rgb(40, 110, 110),
];
const TROUSERS: readonly Colour[] = [
  rgb(40, 46, 66),
  rgb(30, 30, 32),
  rgb(92, 84, 72),
  rgb(62, 64, 70),
  rgb(66, 78, 104),
  rgb(140, 128, 106),
];
const VESTS: readonly Colour[] = [rgb(214, 232, 60), rgb(240, 130, 40)];

/** What someone wears; textures of class pedestrian or bicyclist. */
interface Outfit {
  readonly height: number;
  readonly girth: number;
  readonly head: Texture;
  readonly top: Texture;
  readonly sleeve: Texture;
  readonly legs: Texture;
  readonly shoes: Texture;
  readonly skin: Texture;
}

function dress(classId: number, random: Random): Outfit {
  const skin = random.pick(SKIN);
  const isVisible = classId === BICYCLIST && random.chance(0.4);
  const cloth = isVisible ? random.pick(VESTS) : dim(random.pick(CLOTHES), random.range(0.8, 1.15));
  const trousers = random.pick(TROUSERS);
  const rod = (colour: Colour): Texture => createRod(colour, classId, dim(colour, 0.85));
  const head = new Canvas(16, 16, 1, 1, classId);
  const hair =
    classId === BICYCLIST && random.chance(0.6)
      ? random.pick([rgb(220, 220, 216), rgb(180, 30, 34), rgb(30, 32, 36), rgb(40, 90, 170)])
      : random.pick(HAIR);
  head.ellipse(0.5, 0.5, 0.42, 0.48, dim(hair, 0.95));
  head.ellipse(0.5, 0.38, 0.36, 0.36, random.chance(0.5) ? mix(skin, hair, 0.15) : hair);
  return {
    height: random.range(1.55, 1.88) * (random.chance(0.1) && classId === PEDESTRIAN ? 0.72 : 1),
    girth: random.range(0.9, 1.25),
    head: head.texture(),
    top: rod(cloth),
    sleeve: rod(dim(cloth, 0.92)),
    legs: rod(trousers),
    shoes: rod(rgb(38, 34, 32)),
    skin: rod(skin),
  };
}

/** A direction on the ground. */
export interface Heading {
  readonly dx: number;
  readonly dz: number;
}

/** Someone on foot. */
export class Pedestrian {
  readonly #outfit: Outfit;
  readonly #hasCoat: boolean;
  readonly #bag: Texture | undefined;

  constructor(random: Random) {
    this.#outfit = dress(PEDESTRIAN, random);
    this.#hasCoat = random.chance(0.3);
    this.#bag = random.chance(0.35) ? createRod(random.pick(CLOTHES), PEDESTRIAN) : undefined;
  }

  /** `stride` counts steps in pairs; `swing` is 0 for standing, 1 for walking. */
  draw(
    brush: Brush,
    [px, py, pz]: Triple,
    { dx, dz }: Heading,
    stride: number,
    swing: number,
    light: number,
  ): void {
    const { height: h, girth, head, top, sleeve, legs, shoes, skin } = this.#outfit;
    // Body coordinates: to the side, up, ahead.
    const at = (side: number, up: number, ahead: number): Triple => [
      px + side * dz + ahead * dx,
      py + up,
      pz - side * dx + ahead * dz,
    ];
    const bounce = swing * 0.02 * cosine(stride * 2);
    const up = (share: number): number => share * h + bounce;
    for (const side of [-1, 1]) {
      const step = sine(stride + (side > 0 ? 0.5 : 0)) * swing;
      const lift = Math.max(0, cosine(stride + (side > 0 ? 0.5 : 0))) * swing;
      const hip = at(side * 0.085 * girth, up(0.52), 0);
      const knee = at(side * 0.09 * girth, up(0.28) + 0.03 * lift, 0.16 * step + 0.1 * lift);
      const foot = at(side * 0.09, 0.07 + 0.1 * lift, 0.34 * step - 0.12 * lift);
      const toe = at(side * 0.1, 0.04 + 0.08 * lift, 0.34 * step - 0.12 * lift + 0.18);
      brush.limb(legs, hip, knee, 0.085 * girth, light);
      brush.limb(legs, knee, foot, 0.065 * girth, light);
      brush.limb(shoes, foot, toe, 0.05, light);
      const shoulder = at(side * 0.175 * girth, up(0.8), 0);
      const elbow = at(side * 0.21 * girth, up(0.63), -0.1 * step);
      const hand = at(side * 0.2 * girth, up(0.49), -0.24 * step + 0.08);
      brush.limb(sleeve, shoulder, elbow, 0.055 * girth, light);
      brush.limb(sleeve, elbow, hand, 0.045 * girth, light);
      brush.limb(skin, hand, at(side * 0.2 * girth, up(0.45), -0.26 * step + 0.09), 0.04, light);
      brush.limb(
        top,
        at(side * 0.1 * girth, up(0.835), 0),
        at(side * 0.085 * girth, up(0.5), 0),
        0.1 * girth,
        light,
      );
    }
    brush.limb(
      top,
      at(0, up(0.85), 0),
      at(0, up(this.#hasCoat ? 0.3 : 0.49), 0),
      (this.#hasCoat ? 0.2 : 0.16) * girth,
      light,
    );
    brush.limb(skin, at(0, up(0.9), 0), at(0, up(0.83), 0), 0.055, light);
    if (this.#bag)
      brush.limb(this.#bag, at(0.3 * girth, up(0.5), -0.02), at(0.3 * girth, up(0.3), -0.02), 0.13, light);
    brush.sprite(head, at(0, up(0.86), 0.02), 0.22, 0.145 * h, light);
  }
}

/** Someone on a bicycle. */
export class Cyclist {
  readonly #outfit: Outfit;
  readonly #frame: Texture;
  readonly #tyre: Texture;
  readonly #wheel: Texture;
  readonly #quad = new Float64Array(4 * STRIDE);

  constructor(random: Random) {
    this.#outfit = dress(BICYCLIST, random);
    this.#frame = createRod(
      random.pick([rgb(30, 30, 34), rgb(150, 28, 32), rgb(30, 70, 140), rgb(190, 192, 194), rgb(30, 90, 60)]),
      BICYCLIST,
    );
    this.#tyre = createRod(rgb(30, 30, 30), BICYCLIST);
    const wheel = new Canvas(64, 64, 2.1, 2.1, BICYCLIST);
    for (let i = 0; i < 64; i++)
      wheel.ellipse(1.05 + 0.96 * cosine(i / 64), 1.05 + 0.96 * sine(i / 64), 0.07, 0.07, rgb(28, 28, 28));
    for (let i = 0; i < 6; i++)
      wheel.line(
        1.05,
        1.05,
        1.05 + 0.93 * cosine(i / 6),
        1.05 + 0.93 * sine(i / 6),
        0.02,
        rgb(140, 142, 144),
      );
    this.#wheel = wheel.texture();
  }

  draw(
    rasteriser: Rasteriser,
    brush: Brush,
    [px, py, pz]: Triple,
    { dx, dz }: Heading,
    pedals: number,
    light: number,
  ): void {
    const { girth, head, top, sleeve, legs, shoes, skin } = this.#outfit;
    const at = (side: number, up: number, ahead: number): Triple => [
      px + side * dz + ahead * dx,
      py + up,
      pz - side * dx + ahead * dz,
    ];
    const rim = 0.34;
    for (const ahead of [-0.52, 0.52]) {
      const q = this.#quad;
      const corners = [
        at(0, rim * 2.05, ahead - rim),
        at(0, rim * 2.05, ahead + rim),
        at(0, -0.01, ahead + rim),
        at(0, -0.01, ahead - rim),
      ];
      corners.forEach(([x, y, z], i) => {
        q.set([x, y, z, i === 1 || i === 2 ? 1 : 0, i >= 2 ? 1 : 0], i * STRIDE);
      });
      rasteriser.polygon(q, 0, 4, this.#wheel, light);
      brush.limb(this.#tyre, at(0, rim * 2, ahead), at(0, 0, ahead), 0.028, light);
    }
    const [hub, saddle, bars, crank] = [
      at(0, rim, -0.52),
      at(0, 0.95, -0.22),
      at(0, 0.98, 0.42),
      at(0, 0.3, -0.05),
    ];
    for (const [a, b] of [
      [saddle, crank],
      [saddle, hub],
      [hub, crank],
      [bars, crank],
      [at(0, 0.86, -0.2), at(0, 0.86, 0.4)],
      [bars, at(0, rim, 0.52)],
    ] as const) {
      brush.limb(this.#frame, a, b, 0.024, light);
    }
    brush.limb(this.#tyre, at(-0.27, 1.02, 0.42), at(0.27, 1.02, 0.42), 0.022, light);
    brush.limb(this.#tyre, at(0, 0.98, -0.34), at(0, 0.98, -0.08), 0.07, light);
    for (const side of [-1, 1]) {
      const turn = pedals + (side > 0 ? 0.5 : 0);
      const [footUp, footAhead] = [0.32 + 0.17 * cosine(turn), -0.05 + 0.17 * sine(turn)];
      const hip = at(side * 0.1 * girth, 1, -0.2);
      const knee = at(side * 0.13, 0.62 + footUp * 0.3, 0.2 + footAhead * 0.45);
      const foot = at(side * 0.11, footUp + 0.04, footAhead);
      brush.limb(legs, hip, knee, 0.085 * girth, light);
      brush.limb(legs, knee, foot, 0.062 * girth, light);
      brush.limb(shoes, foot, at(side * 0.11, footUp, footAhead + 0.16), 0.05, light);
      const shoulder = at(side * 0.19 * girth, 1.47, 0.1);
      const elbow = at(side * 0.27, 1.22, 0.22);
      brush.limb(sleeve, shoulder, elbow, 0.055 * girth, light);
      brush.limb(sleeve, elbow, at(side * 0.25, 1.05, 0.42), 0.045 * girth, light);
      brush.limb(skin, at(side * 0.25, 1.07, 0.4), at(side * 0.25, 1.03, 0.46), 0.045, light);
      brush.limb(
        top,
        at(side * 0.1 * girth, 1.53, 0.12),
        at(side * 0.08 * girth, 0.96, -0.22),
        0.12 * girth,
        light,
      );
    }
    brush.limb(top, at(0, 1.55, 0.12), at(0, 0.94, -0.24), 0.17 * girth, light);
    brush.limb(skin, at(0, 1.62, 0.16), at(0, 1.5, 0.12), 0.055, light);
    brush.sprite(head, at(0, 1.57, 0.18), 0.23, 0.26, light);
  }
}
