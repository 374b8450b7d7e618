import type { Camera } from './camera.js';
import type { Film } from './film.js';
import { Projection, STRIDE } from './projection.js';
import type { Texture } from './texture.js';

const { abs, ceil, clz32, floor, max, min } = Math;

/** Perspective is exact every so many pixels and straight between: too short to see, and far fewer divisions. */
const CHUNK = 16;
/** Nearer the horizon than this there is no texture to follow. */
const HORIZON = 1e-6;

/** Texels per pixel above which the next mipmap is used. */
const SHARPNESS = 1.5;

/** A few pixels of a row, and the straight line through a texture that they show, in 1/65536 texels. */
interface Chunk {
  at: number;
  length: number;
  texels: Int32Array;
  widthBits: number;
  maskU: number;
  maskV: number;
  u: number;
  v: number;
  stepU: number;
  stepV: number;
  /** Bit 0: the first pixel's column is odd; bit 1: so is its row. */
  parity: number;
}

/**
 * Fills convex, textured polygons into a film, nearest first. Texture coordinates are dithered by a fraction of a texel
 * from pixel to pixel, which hides the texels' corners as filtering would, and still copies every texel whole.
 */
export class Rasteriser {
  readonly #film: Film;
  readonly #polygon: Projection;
  /** Where each row enters and leaves the polygon. */
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  readonly #chunk: Chunk = {
    at: 0,
    length: 0,
    texels: new Int32Array(0),
    widthBits: 0,
    maskU: 0,
    maskV: 0,
    u: 0,
    v: 0,
    stepU: 0,
    stepV: 0,
    parity: 0,
  };

  constructor(film: Film, camera: Camera) {
    this.#film = film;
    this.#polygon = new Projection(camera);
    this.#left = new Float64Array(film.height);
    this.#right = new Float64Array(film.height);
  }

  /** Draws a convex polygon of `count` vertices, all under one light. */
  polygon(vertices: Float64Array, start: number, count: number, texture: Texture, light: number): void {
    this.#draw(vertices, start, count, texture, light, false);
  }

  /** Lets no more than `light` (and the texture's blue) fall on what is already drawn: shadows on the ground. */
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
    if (!this.#polygon.take(vertices, start, count)) return;
    const { width, height } = this.#film;
    const p = this.#polygon.corners;
    let low = Infinity;
    let high = -Infinity;
    let leftmost = Infinity;
    let rightmost = -Infinity;
    for (let i = 0; i < this.#polygon.count * STRIDE; i += STRIDE) {
      const x = p[i]!;
      const y = p[i + 1]!;
      if (x < leftmost) leftmost = x;
      if (x > rightmost) rightmost = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
    const top = max(0, ceil(low - 0.5));
    const bottom = min(height, ceil(high - 0.5));
    if (top >= bottom || rightmost <= 0 || leftmost >= width) return;
    this.#outline(top, bottom);
    for (let y = top; y < bottom; y++) {
      const from = max(0, ceil(this.#left[y]! - 0.5));
      const to = min(width, ceil(this.#right[y]! - 0.5));
      if (from < to) this.#span(y, from, to, texture, light, isShadow);
    }
  }

  /** Finds #left and #right. Every edge is followed downwards, so that neighbours agree about a shared one. */
  #outline(top: number, bottom: number): void {
    const p = this.#polygon.corners;
    const left = this.#left;
    const right = this.#right;
    left.fill(Infinity, top, bottom);
    right.fill(-Infinity, top, bottom);
    const size = this.#polygon.count * STRIDE;
    let previous = size - STRIDE;
    for (let i = 0; i < size; i += STRIDE) {
      const isDown = p[previous + 1]! <= p[i + 1]!;
      const a = isDown ? previous : i;
      const b = isDown ? i : previous;
      previous = i;
      const ax = p[a]!;
      const ay = p[a + 1]!;
      const slope = (p[b]! - ax) / (p[b + 1]! - ay);
      const end = min(bottom, ceil(p[b + 1]! - 0.5));
      for (let y = max(top, ceil(ay - 0.5)); y < end; y++) {
        const x = ax + (y + 0.5 - ay) * slope;
        if (x < left[y]!) left[y] = x;
        if (x > right[y]!) right[y] = x;
      }
    }
  }

  /** Fills row y from one column up to another, chunk by chunk. */
  #span(y: number, from: number, to: number, texture: Texture, light: number, isShadow: boolean): void {
    const { planes } = this.#polygon;
    const wx = planes[1]!;
    const wy = planes[2]!;
    const ux = planes[4]!;
    const uy = planes[5]!;
    const vx = planes[7]!;
    const vy = planes[8]!;
    const { levels, widthBits, heightBits } = texture;
    const wide = 1 << widthBits;
    const tall = 1 << heightBits;
    const chunk = this.#chunk;

    let w = planes[0]! + (from + 0.5) * wx + (y + 0.5) * wy;
    let uw = planes[3]! + (from + 0.5) * ux + (y + 0.5) * uy;
    let vw = planes[6]! + (from + 0.5) * vx + (y + 0.5) * vy;
    let u = uw / w;
    let v = vw / w;
    for (let x = from; x < to; x += CHUNK) {
      const length = min(CHUNK, to - x);
      const startW = w;
      // Texels per pixel, across and down, say which mipmap is sharp without glittering.
      const across = max(abs(ux - u * wx) * wide, abs(vx - v * wx) * tall);
      const down = max(abs(uy - u * wy) * wide, abs(vy - v * wy) * tall);
      const density = (across + down) / (2 * w * SHARPNESS);
      const level = density < 1 ? 0 : min(levels.length - 1, 32 - clz32(density | 0));
      w += wx * length;
      uw += ux * length;
      vw += vx * length;
      const endU = w > HORIZON ? uw / w : u;
      const endV = w > HORIZON ? vw / w : v;

      chunk.at = y * this.#film.width + x;
      chunk.length = length;
      chunk.parity = (x & 1) | ((y & 1) << 1);
      chunk.texels = levels[level]!;
      chunk.widthBits = widthBits - level;
      chunk.maskU = (wide >> level) - 1;
      chunk.maskV = (tall >> level) - 1;
      const scaleU = (wide >> level) * 65536;
      const scaleV = (tall >> level) * 65536;
      // Counted from the repeat below, so that far along the street the 16 fractional bits are still there.
      chunk.u = ((u - floor(u)) * scaleU) | 0;
      chunk.v = ((v - floor(v)) * scaleV) | 0;
      chunk.stepU = (((endU - u) * scaleU) / length) | 0;
      chunk.stepV = (((endV - v) * scaleV) / length) | 0;
      if (isShadow) this.#shade(light);
      else this.#copy(light, startW, wx);
      u = endU;
      v = endV;
    }
  }

  /** Copies the chunk's texels to where nothing nearer has been drawn. */
  #copy(light: number, startW: number, stepW: number): void {
    const { texels, nearness, light: lights } = this.#film;
    const { at, length, texels: source, widthBits, maskU, maskV, stepU, stepV, parity } = this.#chunk;
    // Four offsets over a block of 2x2 pixels, alternating along the row.
    const isLower = parity >= 2;
    const evenU = isLower ? -16384 : 0;
    const oddU = isLower ? 0 : 16384;
    const evenV = isLower ? 16384 : -16384;
    const oddV = isLower ? -24576 : 24576;
    let { u, v } = this.#chunk;
    let w = startW;
    let odd = parity & 1;
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

  /** Dims what the chunk covers. */
  #shade(light: number): void {
    const { light: lights } = this.#film;
    const { at, length, texels, widthBits, maskU, maskV, stepU, stepV, parity } = this.#chunk;
    let { u, v } = this.#chunk;
    // Dithered along both diagonals, so that edges look soft.
    let offset = (parity + (parity >> 1)) & 1 ? 24576 : -24576;
    const across = parity >= 2 ? 1 : -1;
    for (let i = at; i < at + length; i++) {
      const t =
        texels[((((v + offset) >> 16) & maskV) << widthBits) | (((u + across * offset) >> 16) & maskU)]!;
      const most = light + (t & 255);
      if (t >= 0 && lights[i]! > most) lights[i] = most;
      offset = -offset;
      u += stepU;
      v += stepV;
    }
  }
}
