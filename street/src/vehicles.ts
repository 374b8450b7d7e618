import type { Camera } from './camera.js';
import { lightOn, SHADE, type Light, type Triple } from './light.js';
import type { Random } from './numbers.js';
import { STRIDE } from './projection.js';
import type { Rasteriser } from './rasteriser.js';
import type { Texture } from './texture.js';
import {
  halfWidthOf,
  heightOf,
  lengthOf,
  sectionAt,
  VEHICLE_MODELS,
  type VehicleModel,
} from './vehicleModels.js';
import { paintVehicle, type Paintwork } from './vehiclePaint.js';

const { min, sqrt } = Math;

interface Face {
  readonly texture: Texture;
  /** x (right), y (up), z (forward from the middle), u, v per corner. */
  readonly vertices: Float64Array;
  readonly count: number;
  readonly normal: Triple;
}

/** One vehicle's shape and paint; the same one can stand in many places. */
export class Vehicle {
  readonly length: number;
  readonly halfWidth: number;
  readonly #faces: readonly Face[];
  readonly #scratch = new Float64Array(8 * STRIDE);

  constructor(random: Random, hasLampsOn: boolean, model: VehicleModel = pickModel(random)) {
    this.length = lengthOf(model);
    this.halfWidth = halfWidthOf(model);
    this.#faces = buildFaces(model, paintVehicle(model, random, hasLampsOn));
  }

  /** Draws it at a place on the ground, heading along (dx, dz) of length 1. */
  draw(
    rasteriser: Rasteriser,
    camera: Camera,
    light: Light,
    place: Triple,
    dx: number,
    dz: number,
    isShaded: boolean,
  ): void {
    const [px, py, pz] = place;
    const v = this.#scratch;
    for (const { texture, vertices, count, normal } of this.#faces) {
      const [nx, ny, nz] = normal;
      const wx = nx * dz + nz * dx;
      const wz = nz * dz - nx * dx;
      for (let i = 0; i < count * STRIDE; i += STRIDE) {
        const x = vertices[i]!;
        const z = vertices[i + 2]!;
        v[i] = px + x * dz + z * dx;
        v[i + 1] = py + vertices[i + 1]!;
        v[i + 2] = pz + z * dz - x * dx;
        v[i + 3] = vertices[i + 3]!;
        v[i + 4] = vertices[i + 4]!;
      }
      // Faces that look away from the camera can't be seen.
      if ((camera.x - v[0]!) * wx + (camera.y - v[1]!) * ny + (camera.z - v[2]!) * wz <= 0) continue;
      const lit = lightOn(light, wx, ny, wz);
      rasteriser.polygon(v, 0, count, texture, isShaded ? min(lit, SHADE) : lit);
    }
  }
}

/** Cars far more often than vans, lorries and buses. */
function pickModel(random: Random): VehicleModel {
  const total = VEHICLE_MODELS.reduce((sum, { share }) => sum + share, 0);
  let left = random.range(0, total);
  return VEHICLE_MODELS.find(({ share }) => (left -= share) < 0) ?? VEHICLE_MODELS[0]!;
}

function buildFaces(model: VehicleModel, paint: Paintwork): Face[] {
  const length = lengthOf(model);
  const half = halfWidthOf(model);
  const high = heightOf(model);
  const faces: Face[] = [];
  // Flat projections: each texture is what one sees from straight ahead of it.
  const project = {
    side: (_x: number, y: number, z: number): [number, number] => [z / length, 1 - y / high],
    end: (x: number, y: number): [number, number] => [0.5 + x / (2 * half), 1 - y / high],
    top: (x: number, _y: number, z: number): [number, number] => [0.5 + x / (2 * half), 1 - z / length],
  };
  const add = (
    texture: Texture,
    map: (x: number, y: number, z: number) => [number, number],
    outward: Triple,
    ...corners: Triple[]
  ): void => {
    const vertices = corners.flatMap(([x, y, z]) => [x, y, z - length / 2, ...map(x, y, z)]);
    faces.push({
      texture,
      vertices: Float64Array.from(vertices),
      count: corners.length,
      normal: normalOf(corners, outward),
    });
  };
  const { sill } = model;
  for (let i = 0; i + 1 < model.stations.length; i++) {
    const [a, b] = [model.stations[i]!, model.stations[i + 1]!];
    for (const side of [-1, 1]) {
      const lower = [
        [side * a.beltHalf, sill, a.z],
        [side * b.beltHalf, sill, b.z],
        [side * b.beltHalf, b.belt, b.z],
        [side * a.beltHalf, a.belt, a.z],
      ] as const;
      const upper = [
        [side * a.beltHalf, a.belt, a.z],
        [side * b.beltHalf, b.belt, b.z],
        [side * b.topHalf, b.top, b.z],
        [side * a.topHalf, a.top, a.z],
      ] as const;
      add(paint.side, project.side, [side, 0, 0], ...lower);
      add(paint.side, project.side, [side, 0, 0], ...upper);
    }
    add(
      paint.top,
      project.top,
      [0, 1, 0],
      [-a.topHalf, a.top, a.z],
      [a.topHalf, a.top, a.z],
      [b.topHalf, b.top, b.z],
      [-b.topHalf, b.top, b.z],
    );
  }
  for (const isFront of [false, true]) {
    const { z, beltHalf, belt, topHalf, top } = isFront ? model.stations.at(-1)! : model.stations[0]!;
    add(
      isFront ? paint.front : paint.rear,
      project.end,
      [0, 0, isFront ? 1 : -1],
      [-beltHalf, sill, z],
      [beltHalf, sill, z],
      [beltHalf, belt, z],
      [topHalf, top, z],
      [-topHalf, top, z],
      [-beltHalf, belt, z],
    );
  }
  const r = model.wheelRadius;
  for (const z of model.wheels) {
    const out = min(sectionAt(model, z - r).beltHalf, sectionAt(model, z + r).beltHalf) + 0.015;
    for (const side of [-1, 1]) {
      const reach = r * 1.1;
      const disc = (_x: number, y: number, along: number): [number, number] => [
        0.5 + (along - z) / (2 * reach),
        0.5 - (y - r) / (2 * reach),
      ];
      const x = side * out;
      add(
        paint.wheel,
        disc,
        [side, 0, 0],
        [x, r + reach, z - reach],
        [x, r + reach, z + reach],
        [x, r - reach, z + reach],
        [x, r - reach, z - reach],
      );
      const inner = side * (out - 0.2);
      const flat = (): [number, number] => [0.5, 0.5];
      for (const end of [-1, 1]) {
        const along = z + end * r * 0.7;
        add(
          paint.tyre,
          flat,
          [0, 0, end],
          [inner, r, along],
          [x, r, along],
          [x, 0, along - end * r * 0.2],
          [inner, 0, along - end * r * 0.2],
        );
      }
    }
  }
  return faces;
}

/** The unit normal of a flat face, on the side that `outward` points to. */
function normalOf(corners: readonly Triple[], outward: Triple): Triple {
  let [x, y, z] = [0, 0, 0];
  let [px, py, pz] = corners.at(-1)!;
  for (const [qx, qy, qz] of corners) {
    x += (py - qy) * (pz + qz);
    y += (pz - qz) * (px + qx);
    z += (px - qx) * (py + qy);
    [px, py, pz] = [qx, qy, qz];
  }
  const length = sqrt(x * x + y * y + z * z) || 1;
  const sign = x * outward[0] + y * outward[1] + z * outward[2] < 0 ? -1 : 1;
  return [(sign * x) / length, (sign * y) / length, (sign * z) / length];
}
