import type { Camera } from './camera.js';
import { HOLE, GLOW } from './texture.js';
import type { Film } from './film.js';
import { SHADE, type Light } from './light.js';
import { clamp, lerp } from './numbers.js';
import { Sky } from './sky.js';

const { floor, max, min, round } = Math;

/** Brightness before the tone curve goes up to here: lamps and sunlit white may be brighter than paper. */
const BRIGHTEST = 1023;
const HAZE_STEPS = 1024;
/** Gain of what shines by itself, in 1/256. */
const SHINE = 330;

/** Turns a film into colours: light, haze, the camera's tone curve, and the sky where nothing was drawn. */
export class Developer {
  /** 0xRRGGBB per pixel of the film. */
  readonly colours: Int32Array;
  readonly #sky: Sky;
  readonly #light: Light;
  /** Gain per byte of light, in 1/256. */
  readonly #red = new Int32Array(256);
  readonly #green = new Int32Array(256);
  readonly #blue = new Int32Array(256);
  readonly #tone = new Uint8Array(BRIGHTEST + 1);
  /** By nearness: what is left of the colour, in 1/256. */
  readonly #clear = new Int32Array(HAZE_STEPS);
  readonly #columns: Int32Array;

  constructor(film: Film, light: Light, skySeed: number) {
    this.colours = new Int32Array(film.width * film.height);
    this.#columns = new Int32Array(film.width);
    this.#sky = new Sky(light, skySeed);
    this.#light = light;
    for (let i = 0; i < 256; i++) {
      const open = min(1, i / SHADE);
      const sunny = max(0, i - SHADE) / (255 - SHADE);
      const gain = (channel: 0 | 1 | 2): number =>
        round(256 * (light.ambient[channel] * open + light.direct[channel] * sunny));
      this.#red[i] = gain(0);
      this.#green[i] = gain(1);
      this.#blue[i] = gain(2);
    }
    for (let i = 0; i <= BRIGHTEST; i++) {
      const x = (i / 255) * 1.42;
      const soft = (x * (1 + x / 5.5)) / (1 + x * 0.72);
      const y = clamp(soft * 0.97, 0, 1);
      this.#tone[i] = round(255 * lerp(y, y * y * (3 - 2 * y), light.contrast));
    }
    for (let i = 0; i < HAZE_STEPS; i++) {
      const distance = HAZE_STEPS / 4 / (i + 0.5);
      const share = distance / light.hazeDistance;
      this.#clear[i] = round(256 / (1 + share * share + 0.35 * share));
    }
  }

  develop(film: Film, camera: Camera): void {
    const { width, height, texels, nearness, light } = film;
    const { colours } = this;
    const red = this.#red;
    const green = this.#green;
    const blue = this.#blue;
    const tone = this.#tone;
    const clear = this.#clear;
    const { haze } = this.#light;
    const hazeRed = (haze >> 16) & 255;
    const hazeGreen = (haze >> 8) & 255;
    const hazeBlue = haze & 255;
    const sky = this.#sky.pixels;
    const columns = this.#columns;
    const [aheadX, aheadY, aheadZ] = camera.forward as unknown as [number, number, number];
    for (let x = 0; x < width; x++) {
      const column = Sky.column((x + 0.5 - camera.centreX) / camera.focal + aheadX / aheadZ);
      columns[x] = clamp(floor(column), 0, Sky.WIDTH - 1);
    }
    for (let y = 0, i = 0; y < height; y++) {
      const row = Sky.row((camera.centreY - y - 0.5) / camera.focal + aheadY / aheadZ);
      const skyRow = clamp(floor(row), 0, Sky.HEIGHT - 1) * Sky.WIDTH;
      for (let x = 0; x < width; x++, i++) {
        const t = texels[i]!;
        if (t === HOLE) {
          colours[i] = sky[skyRow + columns[x]!]!;
          continue;
        }
        const l = light[i]!;
        const near = (nearness[i]! * (HAZE_STEPS * 4)) | 0;
        const left = clear[near < HAZE_STEPS ? near : HAZE_STEPS - 1]!;
        const gone = 256 - left;
        let r = (t >> 16) & 255;
        let g = (t >> 8) & 255;
        let b = t & 255;
        if (t & GLOW) {
          r = (r * SHINE) >> 8;
          g = (g * SHINE) >> 8;
          b = (b * SHINE) >> 8;
        } else {
          r = (r * red[l]!) >> 8;
          g = (g * green[l]!) >> 8;
          b = (b * blue[l]!) >> 8;
        }
        r = (r * left + hazeRed * gone) >> 8;
        g = (g * left + hazeGreen * gone) >> 8;
        b = (b * left + hazeBlue * gone) >> 8;
        colours[i] = (tone[r]! << 16) | (tone[g]! << 8) | tone[b]!;
      }
    }
  }
}
