import type { Camera } from './camera.js';
import type { Triple } from './light.js';
import { STRIDE } from './projection.js';
import type { Rasteriser } from './rasteriser.js';
import type { Texture } from './texture.js';

const { sqrt } = Math;

/** Draws things that always turn to the camera: flat sprites and round limbs. */
export class Brush {
  readonly #rasteriser: Rasteriser;
  readonly #camera: Camera;
  readonly #quad = new Float64Array(4 * STRIDE);

  constructor(rasteriser: Rasteriser, camera: Camera) {
    this.#rasteriser = rasteriser;
    this.#camera = camera;
    // A little inside the texture, which would otherwise repeat at its rim.
    const [low, high] = [0.01, 0.99];
    this.#quad.set([0, 0, 0, low, low, 0, 0, 0, high, low, 0, 0, 0, high, high, 0, 0, 0, low, high]);
  }

  /** An upright picture, standing on (x, y, z). */
  sprite(texture: Texture, [x, y, z]: Triple, width: number, height: number, light: number): void {
    const dx = x - this.#camera.x;
    const dz = z - this.#camera.z;
    const scale = width / 2 / (sqrt(dx * dx + dz * dz) || 1);
    this.#strip(texture, x, y + height, z, x, y, z, dz * scale, 0, -dx * scale, light);
  }

  /** A rod of the given thickness from a (the texture's top) to b; it looks round whatever side it is seen from. */
  limb(texture: Texture, a: Triple, b: Triple, radius: number, light: number): void {
    const camera = this.#camera;
    const [vx, vy, vz] = [a[0] - camera.x, a[1] - camera.y, a[2] - camera.z];
    const [dx, dy, dz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
    // Across: at right angles to the rod and to the line of sight.
    const [nx, ny, nz] = [vy * dz - vz * dy, vz * dx - vx * dz, vx * dy - vy * dx];
    const length = sqrt(nx * nx + ny * ny + nz * nz);
    if (length < 1e-9) return;
    const scale = radius / length;
    this.#strip(texture, ...a, ...b, nx * scale, ny * scale, nz * scale, light);
  }

  #strip(
    texture: Texture,
    ax: number,
    ay: number,
    az: number,
    bx: number,
    by: number,
    bz: number,
    nx: number,
    ny: number,
    nz: number,
    light: number,
  ): void {
    const q = this.#quad;
    q[0] = ax - nx;
    q[1] = ay - ny;
    q[2] = az - nz;
    q[5] = ax + nx;
    q[6] = ay + ny;
    q[7] = az + nz;
    q[10] = bx + nx;
    q[11] = by + ny;
    q[12] = bz + nz;
    q[15] = bx - nx;
    q[16] = by - ny;
    q[17] = bz - nz;
    this.#rasteriser.polygon(q, 0, 4, texture, light);
  }
}
