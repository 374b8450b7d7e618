/** Pictures of noise for the tests of src/vision: every byte matters, and the same on every run. */
import type { RawImage } from '#vision/rawImage.js';

export function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return state >> 8;
  });
}

/** Bytes of a row of `width` pixels in the first plane. */
function rowBytes(encoding: string, width: number): number {
  if (/^(nv|i420|yv12|yuv420p)/.test(encoding)) return width;
  if (/yuv|yuyv|uyvy|yuy2/.test(encoding)) return 2 * width;
  const [, bits, channels] = /^(8|16)UC(.)$/.exec(encoding) ?? [];
  if (bits !== undefined) return (Number(bits) / 8) * Number(channels) * width;
  const samples = /^(rgb|bgr)a/.test(encoding) ? 4 : /^(rgb|bgr)/.test(encoding) ? 3 : 1;
  return samples * width * (encoding.endsWith('16') ? 2 : 1);
}

/** A sound image with `padding` bytes behind every row. */
export function sample(
  encoding: string,
  width: number,
  height: number,
  padding = 0,
  isBigEndian = false,
): RawImage {
  const step = rowBytes(encoding, width) + padding;
  const rows =
    encoding === 'nv24' ? 3 * height : /^(nv|i420|yv12|yuv420p)/.test(encoding) ? 1.5 * height : height;
  return { width, height, encoding, isBigEndian, step, data: noise(step * rows, width * 31 + height) };
}
