import { lightOn, type Light, type Triple } from './light.js';
import { STRIDE } from './projection.js';
import type { Rasteriser } from './rasteriser.js';
import type { Texture } from './texture.js';

const { sqrt } = Math;

/** Texture coordinates of a quad's corners: left, top, right, bottom. */
export type Patch = readonly [number, number, number, number];
export const WHOLE: Patch = [0, 0, 1, 1];

/** Textured quads that stand still, with the light that falls on them. */
export class Mesh {
  readonly #light: Light;
  readonly #vertices: number[] = [];
  readonly #textures: Texture[] = [];
  readonly #lights: number[] = [];
  #packed: Float64Array | undefined;

  constructor(light: Light) {
    this.#light = light;
  }

  /** Corners in reading order as seen from outside: top left, top right, bottom right, bottom left. */
  quad(texture: Texture, a: Triple, b: Triple, c: Triple, d: Triple, patch = WHOLE, light?: number): void {
    const [left, top, right, bottom] = patch;
    this.#vertices.push(...a, left, top, ...b, right, top, ...c, right, bottom, ...d, left, bottom);
    this.#textures.push(texture);
    this.#lights.push(light ?? this.#lightOn(a, b, d));
    this.#packed = undefined;
  }

  draw(rasteriser: Rasteriser): void {
    const vertices = (this.#packed ??= Float64Array.from(this.#vertices));
    for (let i = 0; i < this.#textures.length; i++) {
      rasteriser.polygon(vertices, i * 4 * STRIDE, 4, this.#textures[i]!, this.#lights[i]!);
    }
  }

  /** Draws the quads as shadows. */
  darken(rasteriser: Rasteriser): void {
    const vertices = (this.#packed ??= Float64Array.from(this.#vertices));
    for (let i = 0; i < this.#textures.length; i++) {
      rasteriser.shadow(vertices, i * 4 * STRIDE, 4, this.#textures[i]!, this.#lights[i]!);
    }
  }

  #lightOn(a: Triple, b: Triple, d: Triple): number {
    const [px, py, pz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
    const [qx, qy, qz] = [d[0] - a[0], d[1] - a[1], d[2] - a[2]];
    const [nx, ny, nz] = [py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx];
    const length = sqrt(nx * nx + ny * ny + nz * nz) || 1;
    return lightOn(this.#light, nx / length, ny / length, nz / length);
  }
}
