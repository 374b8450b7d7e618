import type { Camera } from './camera.js';

const { abs } = Math;

/** Numbers per vertex: x, y, z in the world and u, v in the texture, where 0 to 1 is its whole width or height. */
export const STRIDE = 5;

const NEAR = 0.2;
const MOST_VERTICES = 12;

/** A polygon as a camera sees it; the same buffers serve one polygon after the other. */
export class Projection {
  /** How many corners are left in front of the camera; fewer than 3: nothing to see. */
  count = 0;
  /** Per corner, on the film: x, y, 1/z, u/z, v/z. */
  readonly corners = new Float64Array(MOST_VERTICES * STRIDE);
  /** 1/z, u/z and v/z as planes over the film: value at (0, 0), step per pixel in x, step per pixel in y. */
  readonly planes = new Float64Array(9);

  readonly #camera: Camera;
  /** Camera coordinates, before and after clipping: right, up, forward, u, v. */
  readonly #seen = new Float64Array(MOST_VERTICES * STRIDE);
  readonly #clipped = new Float64Array(MOST_VERTICES * STRIDE);

  constructor(camera: Camera) {
    this.#camera = camera;
  }

  /** Takes `count` vertices from `start` on; false if the polygon can't be seen from here. */
  take(vertices: Float64Array, start: number, count: number): boolean {
    const { x, y, z, right, up, forward, centreX, centreY, focal } = this.#camera;
    const rx = right[0]!;
    const ry = right[1]!;
    const rz = right[2]!;
    const ux = up[0]!;
    const uy = up[1]!;
    const uz = up[2]!;
    const fx = forward[0]!;
    const fy = forward[1]!;
    const fz = forward[2]!;
    const seen = this.#seen;
    let behind = 0;
    for (let i = 0; i < count * STRIDE; i += STRIDE) {
      const dx = vertices[start + i]! - x;
      const dy = vertices[start + i + 1]! - y;
      const dz = vertices[start + i + 2]! - z;
      const ahead = dx * fx + dy * fy + dz * fz;
      if (ahead < NEAR) behind++;
      seen[i] = dx * rx + dy * ry + dz * rz;
      seen[i + 1] = dx * ux + dy * uy + dz * uz;
      seen[i + 2] = ahead;
      seen[i + 3] = vertices[start + i + 3]!;
      seen[i + 4] = vertices[start + i + 4]!;
    }
    if (behind === count) return false;
    const source = behind > 0 ? this.#clipped : seen;
    this.count = behind > 0 ? this.#clip(count) : count;
    const p = this.corners;
    for (let i = 0; i < this.count * STRIDE; i += STRIDE) {
      const nearness = 1 / source[i + 2]!;
      p[i] = centreX + focal * source[i]! * nearness;
      p[i + 1] = centreY - focal * source[i + 1]! * nearness;
      p[i + 2] = nearness;
      p[i + 3] = source[i + 3]! * nearness;
      p[i + 4] = source[i + 4]! * nearness;
    }
    return this.count >= 3 && this.#plan();
  }

  /** Cuts away what lies behind the near plane; returns how many corners that leaves. */
  #clip(count: number): number {
    const seen = this.#seen;
    const clipped = this.#clipped;
    let out = 0;
    let previous = (count - 1) * STRIDE;
    for (let i = 0; i < count * STRIDE; i += STRIDE) {
      const isFront = seen[i + 2]! >= NEAR;
      if (isFront !== seen[previous + 2]! >= NEAR) {
        const t = (NEAR - seen[previous + 2]!) / (seen[i + 2]! - seen[previous + 2]!);
        for (let k = 0; k < STRIDE; k++) {
          clipped[out + k] = seen[previous + k]! + t * (seen[i + k]! - seen[previous + k]!);
        }
        out += STRIDE;
      }
      if (isFront) {
        for (let k = 0; k < STRIDE; k++) clipped[out + k] = seen[i + k]!;
        out += STRIDE;
      }
      previous = i;
    }
    return out / STRIDE;
  }

  /** Works out the planes from the largest triangle at the first corner; false for a polygon seen edge-on. */
  #plan(): boolean {
    const p = this.corners;
    let best = 0;
    let area = 0;
    for (let i = 1; i + 1 < this.count; i++) {
      const a = i * STRIDE;
      const b = a + STRIDE;
      const cross = (p[a]! - p[0]!) * (p[b + 1]! - p[1]!) - (p[b]! - p[0]!) * (p[a + 1]! - p[1]!);
      if (abs(cross) > abs(area)) [best, area] = [a, cross];
    }
    if (abs(area) < 0.01) return false;
    const ax = p[best]! - p[0]!;
    const ay = p[best + 1]! - p[1]!;
    const bx = p[best + STRIDE]! - p[0]!;
    const by = p[best + STRIDE + 1]! - p[1]!;
    for (let k = 0; k < 3; k++) {
      const base = p[2 + k]!;
      const da = p[best + 2 + k]! - base;
      const db = p[best + STRIDE + 2 + k]! - base;
      const stepX = (da * by - db * ay) / area;
      const stepY = (db * ax - da * bx) / area;
      this.planes[k * 3] = base - stepX * p[0]! - stepY * p[1]!;
      this.planes[k * 3 + 1] = stepX;
      this.planes[k * 3 + 2] = stepY;
    }
    return true;
  }
}
