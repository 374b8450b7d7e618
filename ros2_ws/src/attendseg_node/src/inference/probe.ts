import type { Manifest } from './manifest.js';
import { ModelError } from './modelError.js';
import type { Network } from './network.js';

/** Pixels whose confidence is at least this (0-255) are held against each other: others may fall either way. */
const CONFIDENT = 160;
/** Share of those that must have one class. */
const AGREEMENT = 0.99;

/**
 * A picture of HxWx3 uint8 RGB that networks for scenes outdoors and indoors are sure of in places: a bright top, a gray
 * bottom, upright blocks between them, each a little uneven.
 */
export function probePicture(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const horizon = 0.45 * height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const block = Math.floor((8 * x) / width);
      const top = horizon * (0.35 + 0.5 * ((block * 5) % 8) * 0.125);
      const color =
        y < top
          ? [150 + (50 * y) / height, 190, 230]
          : y < horizon
            ? [110 + 12 * (block % 4), 80 + 9 * ((block * 3) % 5), 70]
            : [96, 96, 100 - (20 * (y - horizon)) / height];
      // The same on every machine: integers only.
      const grain = ((x * 73856093) ^ (y * 19349663)) % 8;
      for (let channel = 0; channel < 3; channel++)
        pixels[3 * (y * width + x) + channel] = Math.round(color[channel]!) + grain;
    }
  }
  return pixels;
}

/**
 * Runs a network and one that is known to be right on the same picture, and compares their classes.
 * @returns the share of confident pixels that agree, 0-1
 * @throws ModelError if they are fewer than 99 %, or if none is confident
 */
export async function probe(manifest: Manifest, network: Network, reference: Network): Promise<number> {
  const { width, height } = manifest.input;
  const picture = probePicture(width, height);
  const pixels = width * height;
  const [labels, wanted, confidence] = [
    new Uint8Array(pixels),
    new Uint8Array(pixels),
    new Uint8Array(pixels),
  ];
  await reference.run(picture, wanted, confidence);
  await network.run(picture, labels);
  let [confident, equal] = [0, 0];
  for (let i = 0; i < pixels; i++) {
    if (confidence[i]! < CONFIDENT) continue;
    confident++;
    if (labels[i] === wanted[i]) equal++;
  }
  const name = `model ${manifest.path}`;
  if (confident === 0)
    throw new ModelError(
      `${name}: the CPU is sure of no pixel of the test picture, so its engine cannot be checked; set provider to cpu`,
    );
  const agreement = equal / confident;
  if (agreement < AGREEMENT)
    throw new ModelError(
      `${name}: its TensorRT engine and the CPU agree on ${(100 * agreement).toFixed(1)} % of the pixels that the CPU is sure of, less than ${100 * AGREEMENT} %; build the engine anew (attendseg engine build --force), or set provider to cpu`,
    );
  return agreement;
}
