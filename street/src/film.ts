import { HOLE } from './texture.js';

/** What the rasteriser leaves behind for every pixel; colour is worked out once, afterwards, for what stayed visible. */
export class Film {
  /** The texel seen, or HOLE where there is only sky. */
  readonly texels: Int32Array;
  /** One over the distance along the viewing direction; 0 is infinitely far. */
  readonly nearness: Float32Array;
  /** How much light falls on it: see `Light`. */
  readonly light: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.texels = new Int32Array(width * height);
    this.nearness = new Float32Array(width * height);
    this.light = new Uint8Array(width * height);
  }

  clear(): void {
    this.texels.fill(HOLE);
    this.nearness.fill(0);
  }
}
