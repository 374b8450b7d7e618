import { clamp, NoiseField, scramble } from './numbers.js';
import { GLOW, HOLE, texel, Texture } from './texture.js';

const { ceil, floor, max, min, round } = Math;

/** 0xRRGGBB. */
export type Colour = number;

export function rgb(red: number, green: number, blue: number): Colour {
  return (clamp(red, 0, 255) << 16) | (clamp(green, 0, 255) << 8) | clamp(blue, 0, 255);
}

/** The colour, `gain` times as bright. */
export function dim(colour: Colour, gain: number): Colour {
  const share = (gain * 4096) | 0;
  const red = (((colour >> 16) & 255) * share) >> 12;
  const green = (((colour >> 8) & 255) * share) >> 12;
  const blue = ((colour & 255) * share) >> 12;
  return ((red > 255 ? 255 : red) << 16) | ((green > 255 ? 255 : green) << 8) | (blue > 255 ? 255 : blue);
}

/** From a (t = 0) to b (t = 1). */
export function mix(a: Colour, b: Colour, t: number): Colour {
  const blend = (shift: number): number => {
    const from = (a >> shift) & 255;
    return from + (((b >> shift) & 255) - from) * t;
  };
  return rgb(blend(16), blend(8), blend(0));
}

/** A drawing board for textures: metres from the lower left corner, y upwards, and a class for everything drawn. */
export class Canvas {
  readonly texels: Int32Array;
  readonly #perMetreX: number;
  readonly #perMetreY: number;
  /** The class of what is drawn from now on. */
  classId: number;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly metresWide: number,
    readonly metresHigh: number,
    classId: number,
  ) {
    this.texels = new Int32Array(width * height).fill(HOLE);
    this.#perMetreX = width / metresWide;
    this.#perMetreY = height / metresHigh;
    this.classId = classId;
  }

  fill(colour: Colour): void {
    this.texels.fill(texel(colour, this.classId));
  }

  /** A rectangle; parts outside the canvas are cut off. `glow` makes it a lamp. */
  rect(x0: number, y0: number, x1: number, y1: number, colour: Colour, glow = false): void {
    const value = texel(colour, this.classId) | (glow ? GLOW : 0);
    const [left, right] = this.#columns(x0, x1);
    const [top, bottom] = this.#rows(y0, y1);
    for (let y = top; y < bottom; y++) this.texels.fill(value, y * this.width + left, y * this.width + right);
  }

  /** A rectangle that blends from one colour at the bottom to another at the top. */
  gradient(x0: number, y0: number, x1: number, y1: number, low: Colour, high: Colour): void {
    const [left, right] = this.#columns(x0, x1);
    const [top, bottom] = this.#rows(y0, y1);
    for (let y = top; y < bottom; y++) {
      const value = texel(mix(high, low, (y - top) / max(1, bottom - top - 1)), this.classId);
      this.texels.fill(value, y * this.width + left, y * this.width + right);
    }
  }

  ellipse(x: number, y: number, radiusX: number, radiusY: number, colour: Colour, glow = false): void {
    const value = texel(colour, this.classId) | (glow ? GLOW : 0);
    this.#each(x - radiusX, y - radiusY, x + radiusX, y + radiusY, (px, py, i) => {
      const dx = (px - x) / radiusX;
      const dy = (py - y) / radiusY;
      if (dx * dx + dy * dy <= 1) this.texels[i] = value;
    });
  }

  /** A stroke with round ends, `radius` either side. */
  line(x0: number, y0: number, x1: number, y1: number, radius: number, colour: Colour): void {
    const value = texel(colour, this.classId);
    const dx = x1 - x0;
    const dy = y1 - y0;
    const square = dx * dx + dy * dy;
    const [left, right] = [min(x0, x1) - radius, max(x0, x1) + radius];
    const [low, high] = [min(y0, y1) - radius, max(y0, y1) + radius];
    this.#each(left, low, right, high, (px, py, i) => {
      const t = square > 0 ? clamp(((px - x0) * dx + (py - y0) * dy) / square, 0, 1) : 0;
      const ox = px - x0 - dx * t;
      const oy = py - y0 - dy * t;
      if (ox * ox + oy * oy <= radius * radius) this.texels[i] = value;
    });
  }

  /** A filled polygon of [x, y] corners, even-odd. */
  polygon(corners: readonly (readonly [number, number])[], colour: Colour): void {
    const value = texel(colour, this.classId);
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    this.#each(min(...xs), min(...ys), max(...xs), max(...ys), (px, py, i) => {
      let isInside = false;
      let [bx, by] = corners.at(-1)!;
      for (const [ax, ay] of corners) {
        if (ay > py !== by > py && px < ax + ((py - ay) / (by - ay)) * (bx - ax)) isInside = !isInside;
        [bx, by] = [ax, ay];
      }
      if (isInside) this.texels[i] = value;
    });
  }

  /** Repaints every solid texel: `paint` gets its place in metres, its colour, and may return a new one or HOLE. */
  repaint(paint: (x: number, y: number, colour: Colour) => number): void {
    this.#each(0, 0, this.metresWide, this.metresHigh, (x, y, i) => {
      const old = this.texels[i]!;
      if (old < 0) return;
      const colour = paint(x, y, old & 0xffffff);
      this.texels[i] = colour < 0 ? HOLE : (old & ~0xffffff) | colour;
    });
  }

  /** Makes a rectangle darker or lighter: `low` times as bright at its lower edge, `high` times at the upper. */
  tone(x0: number, y0: number, x1: number, y1: number, low: number, high = low): void {
    const [left, right] = this.#columns(x0, x1);
    const [top, bottom] = this.#rows(y0, y1);
    for (let y = top; y < bottom; y++) {
      const gain = high + ((low - high) * (y - top)) / max(1, bottom - top - 1);
      for (let i = y * this.width + left; i < y * this.width + right; i++) this.#scale(i, gain);
    }
  }

  /** Wear and dirt: blotches of about `size` metres and fine grain, as shares of the brightness. Lamps stay clean. */
  weather(seed: number, blotches: number, size: number, grain: number): void {
    const period = max(1, round(this.metresWide / size));
    const cloud = new NoiseField(seed, period);
    const stepX = period / this.width;
    const stepY = this.metresHigh / size / this.height;
    for (let y = 0, i = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, i++) {
        const patch = cloud.at((x + 0.5) * stepX, (y + 0.5) * stepY) - 0.5;
        this.#scale(i, 1 + 2 * blotches * patch + 2 * grain * (scramble(seed + i) / 4294967296 - 0.5));
      }
    }
  }

  texture(): Texture {
    return new Texture(this.texels, this.width, this.height);
  }

  #scale(i: number, gain: number): void {
    const old = this.texels[i]!;
    if (old < 0 || old & GLOW) return;
    this.texels[i] = (old & ~0xffffff) | dim(old & 0xffffff, gain);
  }

  #columns(x0: number, x1: number): [number, number] {
    const to = (x: number): number => clamp(round(x * this.#perMetreX), 0, this.width);
    return [to(x0), to(x1)];
  }

  #rows(y0: number, y1: number): [number, number] {
    const to = (y: number): number => clamp(round(this.height - y * this.#perMetreY), 0, this.height);
    return [to(y1), to(y0)];
  }

  /** Visits the texels whose centres lie in a box, with those centres in metres. */
  #each(
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    visit: (x: number, y: number, i: number) => void,
  ): void {
    const left = clamp(floor(x0 * this.#perMetreX), 0, this.width);
    const right = clamp(ceil(x1 * this.#perMetreX), 0, this.width);
    const top = clamp(floor(this.height - y1 * this.#perMetreY), 0, this.height);
    const bottom = clamp(ceil(this.height - y0 * this.#perMetreY), 0, this.height);
    for (let y = top; y < bottom; y++) {
      const py = (this.height - y - 0.5) / this.#perMetreY;
      for (let x = left; x < right; x++) visit((x + 0.5) / this.#perMetreX, py, y * this.width + x);
    }
  }
}
