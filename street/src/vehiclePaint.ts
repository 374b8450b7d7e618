import { Canvas, dim, mix, rgb, type Colour } from './canvas.js';
import { CAR } from './classes.js';
import { lerp, type Random } from './numbers.js';
import type { Texture } from './texture.js';
import { halfWidthOf, heightOf, lengthOf, sectionAt, type VehicleModel } from './vehicleModels.js';

const PAINTS: readonly Colour[] = [
  rgb(196, 200, 204),
  rgb(150, 154, 158),
  rgb(228, 228, 226),
  rgb(32, 34, 38),
  rgb(66, 70, 76),
  rgb(150, 26, 30),
  rgb(28, 52, 110),
  rgb(60, 98, 150),
  rgb(26, 66, 50),
  rgb(170, 150, 110),
  rgb(196, 160, 40),
  rgb(96, 30, 44),
  rgb(110, 140, 170),
];
const BUS_PAINTS: readonly Colour[] = [
  rgb(168, 30, 34),
  rgb(220, 216, 200),
  rgb(40, 90, 150),
  rgb(60, 120, 80),
];
const GLASS = rgb(40, 46, 52);
const DARK = rgb(24, 24, 26);

/** A vehicle's textures: each is what one sees from straight ahead of it. */
export interface Paintwork {
  readonly side: Texture;
  readonly front: Texture;
  readonly rear: Texture;
  readonly top: Texture;
  readonly wheel: Texture;
  readonly tyre: Texture;
}

export function paintVehicle(model: VehicleModel, random: Random, hasLampsOn: boolean): Paintwork {
  const body = pickColour(model, random);
  const isBraking = random.chance(0.3);
  const wheel = new Canvas(32, 32, 2.2, 2.2, CAR);
  const rim = random.pick([rgb(170, 174, 178), rgb(120, 122, 126), rgb(70, 72, 74)]);
  wheel.ellipse(1.1, 1.1, 1, 1, DARK);
  wheel.ellipse(1.1, 1.1, 0.66, 0.66, rim);
  for (const [dx, dy] of [
    [0.4, 0],
    [-0.4, 0],
    [0, 0.4],
    [0, -0.4],
  ] as const)
    wheel.ellipse(1.1 + dx, 1.1 + dy, 0.14, 0.14, dim(rim, 0.4));
  const tyre = new Canvas(4, 4, 1, 1, CAR);
  tyre.fill(DARK);
  return {
    side: paintSide(model, body, random),
    front: paintEnd(model, body, random, true, hasLampsOn),
    rear: paintEnd(model, body, random, false, isBraking || hasLampsOn),
    top: paintTop(model, body),
    wheel: wheel.texture(),
    tyre: tyre.texture(),
  };
}

function paintSide(model: VehicleModel, body: Colour, random: Random): Texture {
  const length = lengthOf(model);
  const high = heightOf(model);
  const canvas = new Canvas(256, 128, length, high, CAR);
  const belt = model.stations[2]!.belt;
  canvas.fill(body);
  canvas.gradient(0, 0, length, belt, dim(body, 0.62), dim(body, 1.06));
  canvas.rect(0, 0, length, model.sill + 0.08, mix(body, DARK, 0.75));
  if (model.name === 'bus' || (model.name === 'van' && random.chance(0.4))) {
    canvas.rect(0, 0.5, length, 0.9, random.pick(PAINTS));
  } else canvas.rect(0, belt * 0.62, length, belt * 0.66, dim(body, 0.78));
  const [from, to] = model.windows;
  const isTall = model.name === 'bus';
  const outline: [number, number][] = [];
  for (let i = 0; i <= 12; i++) {
    const z = lerp(from, to, i / 12);
    const station = sectionAt(model, z);
    outline.push([z, Math.max(station.belt + 0.04, station.top - (isTall ? 0.6 : 0.09))]);
  }
  for (let i = 12; i >= 0; i--) {
    const z = lerp(from, to, i / 12);
    outline.push([z, sectionAt(model, z).belt + 0.04]);
  }
  canvas.polygon(outline, GLASS);
  const shine = random.range(0.15, 0.5);
  canvas.repaint((_x, y, colour) =>
    colour === GLASS
      ? mix(GLASS, rgb(150, 166, 180), shine * Math.max(0, (y - belt) / (high - belt)))
      : colour,
  );
  for (const z of model.pillars) {
    canvas.rect(z - 0.04, belt, z + 0.04, high, mix(body, DARK, 0.5));
    if (!isTall) canvas.rect(z - 0.012, model.sill + 0.1, z + 0.012, belt, dim(body, 0.5));
    canvas.rect(z - 0.26, belt - 0.14, z - 0.08, belt - 0.1, dim(body, 0.6));
  }
  for (const z of model.wheels)
    canvas.ellipse(z, model.wheelRadius, model.wheelRadius + 0.07, model.wheelRadius + 0.07, DARK);
  return canvas.texture();
}

/** Front or rear: bumper, lamps, grille, number plate, and a window where the end is upright. */
function paintEnd(
  model: VehicleModel,
  body: Colour,
  random: Random,
  isFront: boolean,
  hasLampsOn: boolean,
): Texture {
  const half = halfWidthOf(model);
  const end = isFront ? model.stations.at(-1)! : model.stations[0]!;
  const canvas = new Canvas(64, 128, 2 * half, heightOf(model), CAR);
  const [left, right] = [half - end.beltHalf, half + end.beltHalf];
  const shoulder = Math.min(end.belt, 1.2);
  const bumper = lerp(model.sill, shoulder, 0.4);
  canvas.fill(body);
  canvas.gradient(0, 0, 2 * half, shoulder, dim(body, 0.7), body);
  canvas.rect(0, 0, 2 * half, bumper, random.chance(0.5) ? rgb(48, 50, 52) : dim(body, 0.7));
  canvas.rect(0, 0, 2 * half, model.sill + 0.05, DARK);
  const glass = isFront ? model.frontGlass : model.rearGlass;
  if (glass !== undefined) {
    canvas.gradient(
      left + 0.12,
      glass,
      right - 0.12,
      end.top - (isFront ? 0.45 : 0.2),
      dim(GLASS, 0.8),
      mix(GLASS, rgb(160, 176, 190), 0.4),
    );
    if (model.name === 'van') canvas.rect(half - 0.03, 0.4, half + 0.03, end.top, dim(body, 0.7));
  }
  if (isFront && model.name === 'bus')
    canvas.rect(left + 0.3, end.top - 0.38, right - 0.3, end.top - 0.12, rgb(20, 20, 22));
  const lamp = isFront ? rgb(236, 236, 226) : rgb(190, 24, 22);
  const low = lerp(bumper, shoulder, 0.25);
  const width = isFront ? 0.34 : 0.2;
  for (const x of [left + 0.03, right - 0.03 - width]) {
    canvas.rect(x, low, x + width, shoulder - 0.03, dim(lamp, 0.5));
    canvas.rect(x + 0.03, low + 0.03, x + width - 0.03, shoulder - 0.06, lamp, hasLampsOn);
    if (!isFront) canvas.rect(x + 0.03, low + 0.03, x + width - 0.03, low + 0.09, rgb(210, 160, 120));
  }
  if (isFront) canvas.rect(left + 0.45, low, right - 0.45, shoulder - 0.05, rgb(40, 42, 44));
  const plate = isFront
    ? rgb(226, 226, 220)
    : random.pick([rgb(214, 186, 60), rgb(214, 186, 60), rgb(226, 226, 220)]);
  const plateY = isFront ? lerp(model.sill, bumper, 0.4) : lerp(bumper, shoulder, 0.12);
  canvas.rect(half - 0.26, plateY, half + 0.26, plateY + 0.12, plate);
  for (let i = 0; i < 6; i++)
    canvas.rect(half - 0.22 + i * 0.075, plateY + 0.025, half - 0.18 + i * 0.075, plateY + 0.095, DARK);
  return canvas.texture();
}

function paintTop(model: VehicleModel, body: Colour): Texture {
  const length = lengthOf(model);
  const half = halfWidthOf(model);
  const canvas = new Canvas(32, 128, 2 * half, length, CAR);
  canvas.fill(dim(body, 1.05));
  for (const i of model.glassTops) {
    const [a, b] = [model.stations[i]!, model.stations[i + 1]!];
    const edge = half - Math.min(a.topHalf, b.topHalf);
    const [from, to] = [a.z + (b.z - a.z) * 0.06, b.z - (b.z - a.z) * 0.06];
    canvas.polygon(
      [
        [half - a.topHalf + 0.08, from],
        [half + a.topHalf - 0.08, from],
        [half + b.topHalf - 0.08, to],
        [half - b.topHalf + 0.08, to],
      ],
      GLASS,
    );
    canvas.repaint((x, z, colour) =>
      colour === GLASS && z >= from && z <= to
        ? mix(
            GLASS,
            rgb(136, 150, 164),
            0.15 +
              0.35 * Math.abs(x - half) * edge +
              (a.top < b.top ? 0.3 * ((z - from) / (to - from)) : 0.3 * ((to - z) / (to - from))),
          )
        : colour,
    );
  }
  return canvas.texture();
}

function pickColour({ name }: VehicleModel, random: Random): Colour {
  if (name === 'bus') return random.pick(BUS_PAINTS);
  const paint = random.pick(PAINTS);
  // Most delivery vans are white.
  const isWhite = (name === 'van' || name === 'lorry') && random.chance(0.5);
  return isWhite ? mix(paint, rgb(228, 228, 226), 0.9) : dim(paint, random.range(0.85, 1.1));
}
