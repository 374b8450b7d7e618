import type { Camera } from './camera.js';
import type { Film } from './film.js';
import type { Texture } from './texture.js';

/** Numbers per vertex: x, y, z in the world and u, v in the texture, where 0 to 1 is its whole width or height. */
export const STRIDE = 5;

const NEAR = 0.2;
const MOST_VERTICES = 12;
/** Perspective is exact every so many pixels and straight between: too short to see, and far fewer divisions. */
const CHUNK = 16;

/**
 * Fills convex, textured polygons into a film, nearest first. Texture coordinates are dithered by a fraction of a texel
 * from pixel to pixel, which hides the texels' corners as filtering would, and still copies every texel whole.
 */
export class Rasteriser {
  readonly #film: Film;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  #camera: Camera;

  /** Camera coordinates, before and after clipping: right, up, forward, u, v. */
  readonly #seen = new Float64Array(MOST_VERTICES * STRIDE);
  readonly #clipped = new Float64Array(MOST_VERTICES * STRIDE);
  /** On the film: x, y, 1/z, u/z, v/z. */
  readonly #projected = new Float64Array(MOST_VERTICES * STRIDE);
  /** 1/z, u/z, v/z as planes over the film: value at (0, 0), step per pixel in x, in y. */
  readonly #planes = new Float64Array(9);

  constructor(film: Film, camera: Camera) {
    this.#film = film;
    this.#camera = camera;
    this.#left = new Float64Array(film.height);
    this.#right = new Float64Array(film.height);
  }

  /** Draws a convex polygon of `count` vertices, all under one light. */
  polygon(vertices: Float64Array, start: number, count: number, texture: Texture, light: number): void {
    this.#draw(vertices, start, count, texture, light, false);
  }

  /** Lets no more than `light` fall on what is already drawn where the texture is solid: shadows on the ground. */
  shadow(vertices: Float64Array, start: number, count: number, texture: Texture, light: number): void {
    this.#draw(vertices, start, count, texture, light, true);
  }

  #draw(
    vertices: Float64Array,
    start: number,
    count: number,
    texture: Texture,
    light: number,
    isShadow: boolean,
  ): void {
    const corners = this.#project(vertices, start, count);
    if (corners < 3 || !this.#plan(corners)) return;
    const { width, height } = this.#film;
    const p = this.#projected;
    let low = Infinity;
    let high = -Infinity;
    let leftmost = Infinity;
    let rightmost = -Infinity;
    for (let i = 0; i < corners * STRIDE; i += STRIDE) {
      const x = p[i]!;
      const y = p[i + 1]!;
      if (x < leftmost) leftmost = x;
      if (x > rightmost) rightmost = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
    const top = Math.max(0, Math.ceil(low - 0.5));
    const bottom = Math.min(height, Math.ceil(high - 0.5));
    if (top >= bottom || rightmost <= 0 || leftmost >= width) return;
    this.#outline(corners, top, bottom);
    for (let y = top; y < bottom; y++) {
      const from = Math.max(0, Math.ceil(this.#left[y]! - 0.5));
      const to = Math.min(width, Math.ceil(this.#right[y]! - 0.5));
      if (from < to) this.#span(y, from, to, texture, light, isShadow);
    }
  }

  /** Fills #projected; returns how many corners are left in front of the camera. */
  #project(vertices: Float64Array, start: number, count: number): number {
    const { x, y, z, right, up, forward, centreX, centreY, focal } = this.#camera;
    const [rx, ry, rz] = right as unknown as [number, number, number];
    const [ux, uy, uz] = up as unknown as [number, number, number];
    const [fx, fy, fz] = forward as unknown as [number, number, number];
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
    if (behind === count) return 0;
    const source = behind > 0 ? this.#clipped : seen;
    const corners = behind > 0 ? this.#clip(count) : count;
    const p = this.#projected;
    for (let i = 0; i < corners * STRIDE; i += STRIDE) {
      const nearness = 1 / source[i + 2]!;
      p[i] = centreX + focal * source[i]! * nearness;
      p[i + 1] = centreY - focal * source[i + 1]! * nearness;
      p[i + 2] = nearness;
      p[i + 3] = source[i + 3]! * nearness;
      p[i + 4] = source[i + 4]! * nearness;
    }
    return corners;
  }

  /** Cuts away what lies behind the near plane. */
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
  #plan(corners: number): boolean {
    const p = this.#projected;
    let best = 0;
    let area = 0;
    for (let i = 1; i + 1 < corners; i++) {
      const a = i * STRIDE;
      const b = a + STRIDE;
      const cross = (p[a]! - p[0]!) * (p[b + 1]! - p[1]!) - (p[b]! - p[0]!) * (p[a + 1]! - p[1]!);
      if (Math.abs(cross) > Math.abs(area)) [best, area] = [a, cross];
    }
    if (Math.abs(area) < 0.01) return false;
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
      this.#planes[k * 3] = base - stepX * p[0]! - stepY * p[1]!;
      this.#planes[k * 3 + 1] = stepX;
      this.#planes[k * 3 + 2] = stepY;
    }
    return true;
  }

  /** Where each row enters and leaves the polygon. Every edge runs downwards, so neighbours agree on a shared edge. */
  #outline(corners: number, top: number, bottom: number): void {
    const p = this.#projected;
    const left = this.#left;
    const right = this.#right;
    left.fill(Infinity, top, bottom);
    right.fill(-Infinity, top, bottom);
    let previous = (corners - 1) * STRIDE;
    for (let i = 0; i < corners * STRIDE; i += STRIDE) {
      const isDown = p[previous + 1]! <= p[i + 1]!;
      const a = isDown ? previous : i;
      const b = isDown ? i : previous;
      previous = i;
      const ax = p[a]!;
      const ay = p[a + 1]!;
      const slope = (p[b]! - ax) / (p[b + 1]! - ay);
      const end = Math.min(bottom, Math.ceil(p[b + 1]! - 0.5));
      for (let y = Math.max(top, Math.ceil(ay - 0.5)); y < end; y++) {
        const x = ax + (y + 0.5 - ay) * slope;
        if (x < left[y]!) left[y] = x;
        if (x > right[y]!) right[y] = x;
      }
    }
  }

  #span(y: number, from: number, to: number, texture: Texture, light: number, isShadow: boolean): void {
    const planes = this.#planes;
    const wx = planes[1]!;
    const wy = planes[2]!;
    const ux = planes[4]!;
    const uy = planes[5]!;
    const vx = planes[7]!;
    const vy = planes[8]!;
    const row = y * this.#film.width;
    const wide = 1 << texture.widthBits;
    const tall = 1 << texture.heightBits;
    const lastLevel = texture.levels.length - 1;

    let w = planes[0]! + (from + 0.5) * wx + (y + 0.5) * wy;
    let uw = planes[3]! + (from + 0.5) * ux + (y + 0.5) * uy;
    let vw = planes[6]! + (from + 0.5) * vx + (y + 0.5) * vy;
    let u = uw / w;
    let v = vw / w;
    for (let x = from; x < to; x += CHUNK) {
      const length = Math.min(CHUNK, to - x);
      const startW = w;
      // Texels per pixel, across and down, say which mipmap is sharp without glittering.
      const across = Math.max(Math.abs(ux - u * wx) * wide, Math.abs(vx - v * wx) * tall);
      const down = Math.max(Math.abs(uy - u * wy) * wide, Math.abs(vy - v * wy) * tall);
      const density = (across + down) / (2 * w);
      const level = density < 1.5 ? 0 : Math.min(lastLevel, 31 - Math.clz32((density * 1.334) | 0));
      w += wx * length;
      uw += ux * length;
      vw += vx * length;
      // The last pixel may lie so near the horizon that the step beyond it has left the plane.
      const endW = w > 1e-6 ? w : startW;
      const endU = w > 1e-6 ? uw / endW : u;
      const endV = w > 1e-6 ? vw / endW : v;

      const widthBits = texture.widthBits - level;
      const maskU = (1 << widthBits) - 1;
      const maskV = (1 << (texture.heightBits - level)) - 1;
      // 16 fractional bits, counted from the repeat below, so that large coordinates don't overflow.
      const scaleU = (maskU + 1) * 65536;
      const scaleV = (maskV + 1) * 65536;
      const baseU = Math.floor(u);
      const baseV = Math.floor(v);
      const stepU = (((endU - u) * scaleU) / length) | 0;
      const stepV = (((endV - v) * scaleV) / length) | 0;
      const at = row + x;
      const dither = (x & 1) | ((y & 1) << 1);
      const startU = ((u - baseU) * scaleU) | 0;
      const startV = ((v - baseV) * scaleV) | 0;
      const texels = texture.levels[level]!;
      if (isShadow) {
        this.#shade(at, length, texels, startU, startV, stepU, stepV, maskU, maskV, widthBits, light);
      } else {
        this.#copy(
          at,
          length,
          texels,
          startU,
          startV,
          stepU,
          stepV,
          maskU,
          maskV,
          widthBits,
          light,
          startW,
          wx,
          dither,
        );
      }
      u = endU;
      v = endV;
    }
  }

  #copy(
    at: number,
    length: number,
    source: Int32Array,
    startU: number,
    startV: number,
    stepU: number,
    stepV: number,
    maskU: number,
    maskV: number,
    widthBits: number,
    light: number,
    startW: number,
    stepW: number,
    dither: number,
  ): void {
    const { texels, nearness, light: lights } = this.#film;
    // Four offsets over a 2x2 block of pixels, alternating along the row.
    const isLower = dither >= 2;
    const evenU = isLower ? -16384 : 0;
    const oddU = isLower ? 0 : 16384;
    const evenV = isLower ? 16384 : -16384;
    const oddV = isLower ? -24576 : 24576;
    let u = startU;
    let v = startV;
    let w = startW;
    let odd = dither & 1;
    const end = at + length;
    for (let i = at; i < end; i++) {
      if (w > nearness[i]!) {
        const du = odd ? oddU : evenU;
        const dv = odd ? oddV : evenV;
        const t = source[((((v + dv) >> 16) & maskV) << widthBits) | (((u + du) >> 16) & maskU)]!;
        if (t >= 0) {
          texels[i] = t;
          nearness[i] = w;
          lights[i] = light;
        }
      }
      odd ^= 1;
      u += stepU;
      v += stepV;
      w += stepW;
    }
  }

  #shade(
    at: number,
    length: number,
    source: Int32Array,
    startU: number,
    startV: number,
    stepU: number,
    stepV: number,
    maskU: number,
    maskV: number,
    widthBits: number,
    light: number,
  ): void {
    const { light: lights } = this.#film;
    let u = startU;
    let v = startV;
    for (let i = at; i < at + length; i++) {
      // The texture's blue is how light the shadow is.
      const t = source[(((v >> 16) & maskV) << widthBits) | ((u >> 16) & maskU)]!;
      const most = light + (t & 255);
      if (t >= 0 && lights[i]! > most) lights[i] = most;
      u += stepU;
      v += stepV;
    }
  }
}
