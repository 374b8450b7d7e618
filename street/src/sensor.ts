import { hash, Random } from './numbers.js';

const { imul, max, min, round } = Math;

const NOISE_LENGTH = 1 << 16;

export interface SensorOptions {
  readonly width: number;
  readonly height: number;
  /** Film pixels per picture pixel, along each side: 1 or 2. */
  readonly samples: 1 | 2;
  /** Standard deviation of the noise, in levels. */
  readonly noise: number;
  /** Share of the light lost in the corners. */
  readonly vignette: number;
  readonly seed: number;
}

/** The lens and the chip: softens the film's pixels a little, darkens the corners, adds noise and writes RGB bytes. */
export class Sensor {
  readonly #options: SensorOptions;
  /** A run of noise, read from another place on every row of every frame. */
  readonly #noise = new Int8Array(NOISE_LENGTH);
  /** Light lost at a column and at a row, in 1/256; the loss of a pixel is their sum. */
  readonly #lossX: Int32Array;
  readonly #lossY: Int32Array;
  readonly #soft: Int32Array;

  constructor(options: SensorOptions) {
    this.#options = options;
    const { width, height, noise, vignette, seed } = options;
    const random = new Random(seed, 1);
    for (let i = 0; i < NOISE_LENGTH; i++) {
      this.#noise[i] = max(-127, min(127, round(random.normal() * noise)));
    }
    const loss = (position: number, size: number): number => {
      const from = (2 * position + 1) / size - 1;
      return round(128 * vignette * from * from);
    };
    this.#lossX = Int32Array.from({ length: width }, (_, x) => loss(x, width));
    this.#lossY = Int32Array.from({ length: height }, (_, y) => loss(y, height));
    this.#soft = new Int32Array(width);
  }

  expose(colours: Int32Array, picture: Uint8Array, frame: number): void {
    const { width, height, samples, seed } = this.#options;
    const out = new Uint8ClampedArray(picture.buffer, picture.byteOffset, picture.length);
    const noise = this.#noise;
    const lossX = this.#lossX;
    const soft = this.#soft;
    for (let y = 0, o = 0; y < height; y++) {
      if (samples === 1) soften(colours, soft, y, width, height);
      else halve(colours, soft, y, width);
      const loss = 256 - this.#lossY[y]!;
      let n = hash(hash(seed, frame), y);
      for (let x = 0; x < width; x++, o += 3) {
        const c = soft[x]!;
        const gain = loss - lossX[x]!;
        const redBlue = imul(c & 0xff00ff, gain) >>> 8;
        // Mostly brightness noise, some colour noise.
        const grey = noise[n & (NOISE_LENGTH - 1)]!;
        const tint = noise[(n + 4099) & (NOISE_LENGTH - 1)]! >> 1;
        n++;
        out[o] = ((redBlue >> 16) & 255) + grey + tint;
        out[o + 1] = ((((c >> 8) & 255) * gain) >> 8) + grey;
        out[o + 2] = (redBlue & 255) + grey - tint;
      }
    }
  }
}

/** Row y of the picture: every pixel half itself and half its four neighbours, two channels at a time in one integer. */
function soften(colours: Int32Array, soft: Int32Array, y: number, width: number, height: number): void {
  const row = y * width;
  const above = y > 0 ? row - width : row;
  const below = y + 1 < height ? row + width : row;
  let left = colours[row]!;
  let centre = left;
  for (let x = 0; x < width; x++) {
    const right = x + 1 < width ? colours[row + x + 1]! : centre;
    const up = colours[above + x]!;
    const down = colours[below + x]!;
    const redBlue =
      4 * (centre & 0xff00ff) + (left & 0xff00ff) + (right & 0xff00ff) + (up & 0xff00ff) + (down & 0xff00ff);
    const green =
      4 * (centre & 0xff00) + (left & 0xff00) + (right & 0xff00) + (up & 0xff00) + (down & 0xff00);
    soft[x] = ((redBlue >> 3) & 0xff00ff) | ((green >> 3) & 0xff00);
    left = centre;
    centre = right;
  }
}

/** Row y of the picture: the mean of two by two pixels of the film. */
function halve(colours: Int32Array, soft: Int32Array, y: number, width: number): void {
  let i = y * 4 * width;
  for (let x = 0; x < width; x++, i += 2) {
    const a = colours[i]!;
    const b = colours[i + 1]!;
    const c = colours[i + 2 * width]!;
    const d = colours[i + 2 * width + 1]!;
    const redBlue = (a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff);
    const green = (a & 0xff00) + (b & 0xff00) + (c & 0xff00) + (d & 0xff00);
    soft[x] = ((redBlue >> 2) & 0xff00ff) | ((green >> 2) & 0xff00);
  }
}
