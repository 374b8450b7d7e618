import {
  BLOCK_LENGTH,
  JUNCTION_LENGTH,
  KERB_HEIGHT,
  SIDE_ROAD,
  SIDES,
  type Side,
  type Site,
} from './block.js';
import type { Triple } from './light.js';
import type { Surface } from './surfaces.js';

/** Bends of the street are followed in straight pieces of this length. */
const PIECE = 6;
/** How far the ground reaches to the sides. */
const FAR = 90;

/** Road, kerbs, pavements, gardens and side streets. */
export function layGround(site: Site): void {
  const { plan, kit, start, opens } = site;
  const { roadHalf, pavementWidth } = plan;
  const pavementEdge = roadHalf + pavementWidth;
  const hasGarden = plan.setback > 1.5;
  for (let s = start; s < start + BLOCK_LENGTH; s += PIECE) {
    const isJunction = s < start + JUNCTION_LENGTH && (opens.left || opens.right);
    layStrip(site, isJunction ? kit.plainRoad : kit.road, -roadHalf, roadHalf, 0, s, s + PIECE);
    for (const side of SIDES) {
      const isOpen = s < start + JUNCTION_LENGTH && (side < 0 ? opens.left : opens.right);
      if (isOpen) continue;
      layKerb(site, side, s, s + PIECE);
      layOutward(site, kit.pavement, side, roadHalf, pavementEdge, s, s + PIECE);
      layOutward(site, hasGarden ? kit.grass : kit.pavement, side, pavementEdge, FAR, s, s + PIECE);
    }
  }
  for (const side of SIDES) if (side < 0 ? opens.left : opens.right) laySideStreet(site, side);
}

function laySideStreet(site: Site, side: Side): void {
  const { plan, kit, start } = site;
  const [from, to] = SIDE_ROAD;
  layOutward(site, kit.plainRoad, side, plan.roadHalf, FAR, start + from, start + to, 0);
  layOutward(site, kit.pavement, side, plan.roadHalf, FAR, start, start + from);
  layOutward(site, kit.pavement, side, plan.roadHalf, FAR, start + to, start + JUNCTION_LENGTH);
  layKerb(site, side, start, start + from);
  layKerb(site, side, start + to, start + JUNCTION_LENGTH);
  // The far kerb of the side street faces the camera.
  const { course, block } = site;
  const [a, b] = side < 0 ? [-FAR, -plan.roadHalf] : [plan.roadHalf, FAR];
  const at = (t: number, y: number): Triple => course.place(t, y, start + to);
  block.ground.quad(kit.kerb.texture, at(a, KERB_HEIGHT), at(b, KERB_HEIGHT), at(b, 0), at(a, 0), [
    a,
    0,
    b,
    0.9,
  ]);
}

function layOutward(
  site: Site,
  surface: Surface,
  side: Side,
  from: number,
  to: number,
  s0: number,
  s1: number,
  y = KERB_HEIGHT,
): void {
  layStrip(site, surface, side < 0 ? -to : from, side < 0 ? -from : to, y, s0, s1);
}

/** A level strip from t0 to t1 across and s0 to s1 along. The road's texture spans its width once; others repeat. */
function layStrip(
  site: Site,
  surface: Surface,
  t0: number,
  t1: number,
  y: number,
  s0: number,
  s1: number,
): void {
  const { course, plan, block } = site;
  const u = (t: number): number => (t + plan.roadHalf) / surface.width;
  const v = (s: number): number => -s / surface.height;
  block.ground.quad(
    surface.texture,
    course.place(t0, y, s1),
    course.place(t1, y, s1),
    course.place(t1, y, s0),
    course.place(t0, y, s0),
    [u(t0), v(s1), u(t1), v(s0)],
  );
}

function layKerb(site: Site, side: Side, s0: number, s1: number): void {
  const { course, plan, kit, block } = site;
  const t = side * plan.roadHalf;
  const [from, to] = side < 0 ? [s0, s1] : [s1, s0];
  block.ground.quad(
    kit.kerb.texture,
    course.place(t, KERB_HEIGHT, from),
    course.place(t, KERB_HEIGHT, to),
    course.place(t, 0, to),
    course.place(t, 0, from),
    [from, 0, to, 0.9],
  );
  // The kerb stone's top.
  const inner = side * (plan.roadHalf + 0.14);
  const [left, right] = side < 0 ? [inner, t] : [t, inner];
  const y = KERB_HEIGHT + 0.004;
  block.ground.quad(
    kit.kerb.texture,
    course.place(left, y, s1),
    course.place(right, y, s1),
    course.place(right, y, s0),
    course.place(left, y, s0),
    [s1, 0.1, s0, 0.3],
  );
}

/** Stripes to cross the road on, `s` metres along. */
export function layZebra(site: Site, s: number): void {
  const { course, plan, kit, block } = site;
  const { roadHalf } = plan;
  const y = 0.012;
  block.ground.quad(
    kit.zebra.texture,
    course.place(-roadHalf, y, s + 3),
    course.place(roadHalf, y, s + 3),
    course.place(roadHalf, y, s),
    course.place(-roadHalf, y, s),
    [0, 0, 2 * roadHalf, 1],
  );
}
