import { Canvas, rgb, type Colour } from './canvas.js';
import { BUILDING, ROAD, TREE } from './classes.js';
import { createHouse, type House } from './facades.js';
import { createTree, type Tree, type TreeKind } from './foliage.js';
import type { Light } from './light.js';
import { chanceOf, NoiseField, Random, smoothstep } from './numbers.js';
import { Cyclist, Pedestrian } from './people.js';
import type { Plan } from './plan.js';
import {
  createPole,
  createShopSign,
  createSign,
  createSignal,
  createSignBack,
  type Sign,
  type SignKind,
} from './signs.js';
import {
  createFence,
  createGrass,
  createHedge,
  createKerb,
  createPavement,
  createRoad,
  createZebra,
  type FenceKind,
  type Surface,
} from './surfaces.js';
import { HOLE, texel, Texture } from './texture.js';
import { Vehicle } from './vehicles.js';
import { VEHICLE_MODELS } from './vehicleModels.js';

/** Everything one street is built from, painted once. */
export interface Kit {
  readonly road: Surface;
  readonly plainRoad: Surface;
  readonly zebra: Surface;
  readonly pavement: Surface;
  readonly kerb: Surface;
  readonly grass: Surface;
  readonly hedge: Surface;
  readonly houses: readonly House[];
  readonly trees: readonly Tree[];
  readonly bushes: readonly Tree[];
  readonly railing: Surface;
  readonly fences: readonly Surface[];
  readonly signs: readonly Sign[];
  readonly shopSigns: readonly Sign[];
  readonly signBack: Texture;
  readonly signals: readonly Texture[];
  readonly poles: readonly Texture[];
  readonly lamp: Texture;
  readonly vehicles: readonly Vehicle[];
  readonly parkedVehicles: readonly Vehicle[];
  readonly pedestrians: readonly Pedestrian[];
  readonly cyclists: readonly Cyclist[];
  /** What closes the view at the end of the street. */
  readonly backdrop: Texture;
  /** Shadows: a hard one, a soft spot, and leaves. */
  readonly shade: Texture;
  readonly softSpot: Texture;
  readonly leafShade: Texture;
}

export function createKit(plan: Plan, light: Light): Kit {
  const random = new Random(plan.seed, 200);
  const repeat = <T>(count: number, create: (i: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => create(i));
  const [isCareful, isEarly] = [random.chance(0.12), random.chance(0.5)];
  const hasLampsOn = isCareful || light.timeOfDay === 'dusk' || (light.timeOfDay === 'dawn' && isEarly);
  const treeKinds: TreeKind[] = random.chance(0.4)
    ? ['bare', 'bare', 'bare', 'broad', 'conifer']
    : random.pick<TreeKind[]>([
        ['round', 'broad', 'broad', 'column', 'conifer'],
        ['broad', 'round', 'round', 'bare', 'broad'],
      ]);
  const fenceKinds: FenceKind[] = ['railing', 'panels', 'picket', 'wall', 'mesh', 'railing'];
  const signKinds: SignKind[] = [
    'limit',
    'order',
    'warning',
    'stop',
    'parking',
    'direction',
    'yield',
    'noEntry',
    'direction',
  ];
  const leaves = new NoiseField(17);
  const [hatchback, saloon, estate] = VEHICLE_MODELS;
  return {
    // One asphalt, with and without markings.
    road: createRoad(plan, new Random(plan.seed, 201), true),
    plainRoad: createRoad(plan, new Random(plan.seed, 201), false),
    zebra: createZebra(),
    pavement: createPavement(random),
    kerb: createKerb(random),
    grass: createGrass(random),
    hedge: createHedge(random),
    houses: repeat(8, () => createHouse(plan, random, light.litWindows)),
    trees: treeKinds.map((kind) => createTree(kind, random)),
    bushes: repeat(2, () => createTree('bush', random)),
    railing: createFence('guard', random),
    fences: repeat(3, () => createFence(random.pick(fenceKinds), random)),
    signs: repeat(6, () => createSign(random.pick(signKinds), random)),
    shopSigns: repeat(4, () => createShopSign(random)),
    signBack: createSignBack(),
    signals: [createSignal('red'), createSignal('green'), createSignal('amber')],
    poles: repeat(3, () => createPole(random)),
    lamp: createLampHead(light.timeOfDay === 'dusk'),
    vehicles: repeat(9, () => new Vehicle(random, hasLampsOn)),
    parkedVehicles: [hatchback!, saloon!, estate!, hatchback!].map(
      (model) => new Vehicle(random, false, model),
    ),
    pedestrians: repeat(14, () => new Pedestrian(random)),
    cyclists: repeat(6, () => new Cyclist(random)),
    backdrop: createBackdrop(random),
    shade: createShade(() => 0),
    softSpot: createShade((x, y) => {
      const d = x * x * x * x + y * y * y * y;
      return d > 1 ? -1 : 200 * smoothstep(0.5, 1, d);
    }),
    leafShade: createShade((x, y) => {
      const leaf = leaves.at(x * 9, y * 9) * 0.7 + chanceOf(23, ((x + 2) * 31 * 64 + (y + 2) * 31) | 0) * 0.3;
      return x * x + y * y > 1.1 * leaf + 0.3 ? -1 : 30 * leaf;
    }),
  };
}

/** Shadow textures hold in their blue how much light is left; -1 is no shadow. */
function createShade(left: (x: number, y: number) => number): Texture {
  const size = 128;
  const texels = new Int32Array(size * size);
  for (let i = 0; i < texels.length; i++) {
    const value = left(((i % size) + 0.5) / (size / 2) - 1, (Math.floor(i / size) + 0.5) / (size / 2) - 1);
    texels[i] = value < 0 ? HOLE : texel(value, ROAD);
  }
  return new Texture(texels, size, size);
}

function createLampHead(isLit: boolean): Texture {
  const canvas = new Canvas(16, 8, 1, 1, 2);
  canvas.rect(0, 0.35, 1, 1, rgb(110, 112, 114));
  canvas.rect(0.1, 0, 0.9, 0.4, isLit ? rgb(255, 226, 170) : rgb(196, 198, 196), isLit);
  return canvas.texture();
}

/** Far roofs and tree tops, ragged along the top. */
function createBackdrop(random: Random): Texture {
  const canvas = new Canvas(512, 64, 160, 20, BUILDING);
  const roofs: readonly Colour[] = [
    rgb(128, 112, 104),
    rgb(146, 136, 124),
    rgb(112, 108, 110),
    rgb(156, 146, 136),
  ];
  for (let x = 0; x < 160; x += 5) {
    if (random.chance(0.45)) {
      canvas.classId = BUILDING;
      canvas.rect(x, 0, x + random.range(5, 12), random.range(7, 15), random.pick(roofs));
    } else {
      canvas.classId = TREE;
      const crown = random.pick([rgb(74, 88, 58), rgb(86, 96, 66), rgb(70, 80, 62)]);
      const high = random.range(6, 12);
      canvas.rect(x, 0, x + 7, high - 3, crown);
      for (let i = 0; i < 5; i++)
        canvas.ellipse(x + random.range(0, 8), high - random.range(0.5, 4), 2.6, 2.4, crown);
    }
  }
  canvas.weather(random.seed(), 0.2, 3, 0.12);
  return canvas.texture();
}
