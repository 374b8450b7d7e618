import { MAX_IMAGE_SIDE, MIN_IMAGE_SIDE } from '../vision/rawImage.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size of the outputs: the picture's, the network's, or one given in pixels. */
export type MaskSize = 'image' | 'network' | Size;

/** @throws Error that says what is allowed */
export function parseMaskSize(value: string | number): MaskSize {
  if (value === 'image' || value === 'network') return value;
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(String(value)) ?? [];
  const size = { width: Number(width), height: Number(height) };
  const fits = (pixels: number): boolean => pixels >= MIN_IMAGE_SIDE && pixels <= MAX_IMAGE_SIDE;
  if (!fits(size.width) || !fits(size.height)) {
    throw new Error(
      `"${value}" is not image, network or WIDTHxHEIGHT of ${MIN_IMAGE_SIDE} to ${MAX_IMAGE_SIDE} pixels, such as 640x480`,
    );
  }
  return size;
}

export function resolveMaskSize(wanted: MaskSize, image: Size, network: Size): Size {
  if (wanted === 'image') return image;
  return wanted === 'network' ? network : wanted;
}
