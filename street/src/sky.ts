import { mix } from './canvas.js';
import type { Light } from './light.js';
import { clamp, NoiseField, smoothstep } from './numbers.js';

const { max } = Math;

/** The painted part of the sky, in units of the focal length: half its width, its lower and its upper edge. */
const HALF_WIDTH = 1.6;
const LOW = -0.3;
const HIGH = 1.3;

/** The sky, painted once as if on a flat screen far ahead. */
export class Sky {
  static readonly WIDTH = 768;
  static readonly HEIGHT = 384;
  /** 0xRRGGBB, row by row from the top. */
  readonly pixels: Int32Array;

  constructor(light: Light, seed: number) {
    this.pixels = new Int32Array(Sky.WIDTH * Sky.HEIGHT);
    const [large, middle, small, wisps] = [
      new NoiseField(seed),
      new NoiseField(seed + 7),
      new NoiseField(seed + 13),
      new NoiseField(seed + 29),
    ];
    for (let row = 0, i = 0; row < Sky.HEIGHT; row++) {
      const y = HIGH - ((row + 0.5) / Sky.HEIGHT) * (HIGH - LOW);
      const height = max(0, y);
      const fade = height / (height + 0.35);
      const blue = mix(light.horizon, light.zenith, fade);
      // Clouds lie on a plane overhead: the lower, the farther and the more foreshortened.
      const distance = 1 / (height + 0.16);
      for (let column = 0; column < Sky.WIDTH; column++, i++) {
        const x = ((column + 0.5) / Sky.WIDTH) * 2 * HALF_WIDTH - HALF_WIDTH;
        const u = x * distance * 1.6;
        const v = distance * 2.2;
        const density =
          large.at(u, v) * 0.5 +
          middle.at(u * 2.1, v * 2.1) * 0.28 +
          small.at(u * 4.3, v * 4.3) * 0.15 +
          wisps.at(u * 9, v * 9) * 0.07;
        const amount = smoothstep(0.72 - light.cover * 0.5, 0.95 - light.cover * 0.35, density);
        const shaded = mix(light.cloud, light.zenith, clamp((density - 0.45) * 0.9, 0, 0.4));
        this.pixels[i] = mix(blue, shaded, amount * (0.35 + 0.55 * fade + 0.1 * light.cover));
      }
    }
  }

  /** The column (fractional) seen `x` focal lengths to the right of straight along the street. */
  static column(x: number): number {
    return ((x + HALF_WIDTH) / (2 * HALF_WIDTH)) * Sky.WIDTH;
  }

  /** The row (fractional) seen `y` focal lengths above the horizon. */
  static row(y: number): number {
    return ((HIGH - y) / (HIGH - LOW)) * Sky.HEIGHT;
  }
}
