import type { Heading, Pedestrian } from './people.js';
import { DEEP_SHADE, SHADE, type Light, type Triple } from './light.js';
import { Mesh } from './mesh.js';
import { Random } from './numbers.js';
import type { Course, Plan } from './plan.js';
import type { Kit } from './kit.js';
import type { Texture } from './texture.js';
import type { Vehicle } from './vehicles.js';

/** The street is built in blocks of this many metres. */
export const BLOCK_LENGTH = 30;
/** A block may begin with a side street, this long; its carriageway lies between these. */
export const JUNCTION_LENGTH = 12;
export const SIDE_ROAD: readonly [number, number] = [2.5, 9.5];
export const KERB_HEIGHT = 0.12;

export interface Sprite {
  readonly texture: Texture;
  readonly place: Triple;
  readonly width: number;
  readonly height: number;
  readonly light: number;
}

export interface Limb {
  readonly texture: Texture;
  readonly from: Triple;
  readonly to: Triple;
  readonly radius: number;
  readonly light: number;
}

export interface ParkedVehicle {
  readonly vehicle: Vehicle;
  readonly place: Triple;
  readonly heading: Heading;
  readonly isShaded: boolean;
}

export interface Bystander {
  readonly pedestrian: Pedestrian;
  readonly place: Triple;
  readonly heading: Heading;
  readonly light: number;
}

/** Thirty metres of street with all that stands still in it. */
export interface Block {
  readonly ground: Mesh;
  readonly shadows: Mesh;
  readonly solids: Mesh;
  readonly sprites: Sprite[];
  readonly limbs: Limb[];
  readonly vehicles: ParkedVehicle[];
  readonly bystanders: Bystander[];
}

/** What the builders of a block work with. */
export interface Site {
  readonly plan: Plan;
  readonly kit: Kit;
  readonly course: Course;
  readonly light: Light;
  readonly block: Block;
  readonly random: Random;
  /** Where the block begins along the street. */
  readonly start: number;
  /** Does it begin with a side street to the left, to the right? */
  readonly opens: { readonly left: boolean; readonly right: boolean };
}

export type Side = -1 | 1;
export const SIDES: readonly Side[] = [-1, 1];

/** Where the buildable part of a side begins. */
export function lotStart({ opens, start }: Site, side: Side): number {
  return start + ((side < 0 ? opens.left : opens.right) ? JUNCTION_LENGTH : 0);
}

/** From the street's middle to the façades. */
export function buildingLine(plan: Plan): number {
  return plan.roadHalf + plan.pavementWidth + plan.setback;
}

/** Is a place on the ground, t metres across, in the shadow of the houses that are usual here? */
export function isInHouseShadow(plan: Plan, light: Light, t: number): boolean {
  const [sx, sy] = light.sun;
  const height = plan.storeys[0] * 3.2;
  return Math.abs(sx) * (height - 1.2) > sy * (buildingLine(plan) - Math.sign(sx) * t);
}

/** A dark patch under something long and wide, along a heading. */
export function addContactShadow(
  mesh: Mesh,
  kit: Kit,
  [x, y, z]: Triple,
  { dx, dz }: Heading,
  halfWidth: number,
  halfLength: number,
): void {
  const corner = (side: number, ahead: number): Triple => [
    x + side * halfWidth * dz + ahead * halfLength * dx,
    y + 0.01,
    z - side * halfWidth * dx + ahead * halfLength * dz,
  ];
  mesh.quad(
    kit.softSpot,
    corner(-1, 1),
    corner(1, 1),
    corner(1, -1),
    corner(-1, -1),
    [0, 0, 1, 1],
    DEEP_SHADE,
  );
}

/** What a tree crown or another tall thing throws on the ground. */
export function addCrownShadow(site: Site, [x, y, z]: Triple, height: number, radius: number): void {
  const { light, block, kit } = site;
  if (light.direct[0] < 0.3) return;
  const [sx, sy, sz] = light.sun;
  const reach = Math.min(4, height / sy / height);
  const [ox, oz] = [-sx * reach * height, -sz * reach * height];
  const stretch = 1 + Math.min(1.5, 0.4 / sy);
  const corner = (a: number, b: number): Triple => [
    x + ox + a * radius * stretch,
    y + 0.01,
    z + oz + b * radius * stretch,
  ];
  block.shadows.quad(
    kit.leafShade,
    corner(-1, 1),
    corner(1, 1),
    corner(1, -1),
    corner(-1, -1),
    [0, 0, 1, 1],
    SHADE,
  );
}
