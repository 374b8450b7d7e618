/**
 * What PixelEngine computes, said plainly: whole pictures, one pixel at a time, no bands, no vectors. It shares no code
 * with src/vision but the types. The tests compare bytes.
 */
import type { Placement } from '#vision/letterbox.js';
import type { RawImage } from '#vision/rawImage.js';

/** Looked up once: in jest's sandbox each look-up of a global is slow. */
const { floor, max, min, round } = Math;

/** A picture of `channels` bytes a pixel, row-major, without padding. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

type Rgb = readonly [number, number, number];

function paint(width: number, height: number, colour: (x: number, y: number) => Rgb): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  }
  return { width, height, data };
}

/** BT.601 limited range, OpenCV's constants and rounding. */
function yuvToRgb(y: number, u: number, v: number): Rgb {
  const luma = max(0, y - 16) * 1220542 + (1 << 19);
  const clamp = (value: number): number => min(255, max(0, value >> 20));
  return [
    clamp(luma + 1673527 * (v - 128)),
    clamp(luma - 852492 * (v - 128) - 409993 * (u - 128)),
    clamp(luma + 2116026 * (u - 128)),
  ];
}

function isYuv(encoding: string): boolean {
  return /^(yu|uy|nv|i420|yv12)/.test(encoding);
}

/** Any supported image as an RGB picture of this size: YUV is converted last. */
function rgbOf(image: RawImage, width: number, height: number): Picture {
  const resized = resize(decode(image), width, height);
  if (!isYuv(image.encoding)) return resized;
  return paint(width, height, (x, y) => {
    const at = (y * width + x) * 3;
    return yuvToRgb(resized.data[at]!, resized.data[at + 1]!, resized.data[at + 2]!);
  });
}

/** Any supported image as RGB, or YUV if it is. */
function decode(image: RawImage): Picture {
  const { width, height, step, data } = image;
  let { encoding } = image;
  encoding =
    {
      '8UC1': 'mono8',
      '8UC3': 'bgr8',
      '8UC4': 'bgra8',
      '16UC3': 'bgr16',
      '16UC4': 'bgra16',
      yuv422: 'uyvy',
      yuv422_yuy2: 'yuyv',
      yuy2: 'yuyv',
      yuv420p: 'i420',
    }[encoding] ?? encoding;
  const wide = encoding.endsWith('16');
  /** The high byte of sample `index` of row y. */
  const sample = (y: number, index: number): number =>
    data[y * step + (wide ? 2 * index + (image.isBigEndian ? 0 : 1) : index)]!;

  const packed = /^(rgba?|bgra?|mono)(8|16)$/.exec(encoding)?.[1];
  if (packed) {
    const channel = (x: number, y: number, name: string): number =>
      sample(y, packed === 'mono' ? x : x * packed.length + packed.indexOf(name));
    return paint(width, height, (x, y) => [channel(x, y, 'r'), channel(x, y, 'g'), channel(x, y, 'b')]);
  }

  const pattern = /^bayer_(....)(8|16)$/.exec(encoding)?.[1];
  if (pattern) {
    const mirror = (at: number, size: number): number => (at < 0 ? 1 : at === size ? size - 2 : at);
    return paint(width, height, (x, y) => {
      // The mean of those of the 3 x 3 pixels around here that have the wanted colour, nearest ones only, rounded up.
      const mean = (colour: string): number => {
        for (const distance of [0, 1, 2]) {
          const values: number[] = [];
          for (let dy = -1; dy <= 1; dy++) {
            for (let dx = -1; dx <= 1; dx++) {
              if (dx * dx + dy * dy !== distance || pattern[((y + dy) & 1) * 2 + ((x + dx) & 1)] !== colour)
                continue;
              values.push(sample(mirror(y + dy, height), mirror(x + dx, width)));
            }
          }
          if (values.length > 0) return round(values.reduce((a, b) => a + b) / values.length);
        }
        throw new Error('a mosaic has every colour in every 3 x 3 pixels');
      };
      return [mean('r'), mean('g'), mean('b')];
    });
  }

  const end = step * height;
  return paint(width, height, (x, y) => {
    const row = y * step;
    const pair = row + 4 * (x >> 1);
    const half = end + (y >> 1) * step + 2 * (x >> 1);
    const quarter = end + (y >> 1) * (step / 2) + (x >> 1);
    const full = end + 2 * y * step + 2 * x;
    const yuv = {
      yuyv: [row + 2 * x, pair + 1, pair + 3],
      uyvy: [row + 2 * x + 1, pair, pair + 2],
      nv12: [row + x, half, half + 1],
      nv21: [row + x, half + 1, half],
      i420: [row + x, quarter, quarter + (step * height) / 4],
      yv12: [row + x, quarter + (step * height) / 4, quarter],
      nv24: [row + x, full, full + 1],
    }[encoding]!;
    return [data[yuv[0]!]!, data[yuv[1]!]!, data[yuv[2]!]!];
  });
}

/** The weight, out of 2^14, of each source pixel in target pixel i. */
function weights(source: number, target: number, i: number): number[] {
  const result = new Array<number>(source).fill(0);
  if (target <= source) {
    // Positions inside target pixel i, in 1/source of its width: rounded, then the differences taken.
    const position = (k: number): number => min(max(k * target - i * source, 0), source);
    const rounded = (p: number): number => floor((p * 16384) / source + 0.5);
    for (let k = 0; k < source; k++) result[k] = rounded(position(k + 1)) - rounded(position(k));
  } else {
    const centre = min(max(((i + 0.5) * source) / target - 0.5, 0), source - 1);
    const first = floor(centre + 1e-9);
    const weight = round(max(0, centre - first) * 16384 + 1e-6);
    result[first] = 16384 - weight;
    if (weight > 0) result[first + 1] = weight;
  }
  return result;
}

/** Rounded to 7 fractional bits after the columns, and to bytes after the rows. */
function resize(picture: Picture, width: number, height: number): Picture {
  const columns = Array.from({ length: height }, (_, i) => sparse(weights(picture.height, height, i)));
  const rows = Array.from({ length: width }, (_, i) => sparse(weights(picture.width, width, i)));
  const middle = new Float64Array(picture.width * 3 * height);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < picture.width * 3; i++) {
      let sum = 0;
      for (const [k, weight] of columns[y]!) sum += weight * picture.data[k * picture.width * 3 + i]!;
      middle[y * picture.width * 3 + i] = floor(sum / 128 + 0.5);
    }
  }
  const channel = (x: number, y: number, c: number): number => {
    let sum = 0;
    for (const [k, weight] of rows[x]!) sum += weight * middle[(y * picture.width + k) * 3 + c]!;
    return floor(sum / 2 ** 21 + 0.5);
  };
  return paint(width, height, (x, y) => [channel(x, y, 0), channel(x, y, 1), channel(x, y, 2)]);
}

function sparse(values: number[]): [number, number][] {
  return [...values.entries()].filter(([, value]) => value !== 0);
}

export function prepare(image: RawImage, placement: Placement): Uint8Array {
  const content = rgbOf(image, placement.width, placement.height);
  return paint(placement.networkWidth, placement.networkHeight, (x, y) => {
    const [cx, cy] = [x - placement.x, y - placement.y];
    if (cx < 0 || cy < 0 || cx >= placement.width || cy >= placement.height) return [114, 114, 114];
    const at = (cy * placement.width + cx) * 3;
    return [content.data[at]!, content.data[at + 1]!, content.data[at + 2]!];
  }).data;
}

/** The label under the centre of every pixel of a picture. */
export function labelsOf(
  labels: Uint8Array,
  placement: Placement,
  width: number,
  height: number,
): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const x = placement.x + floor((((i % width) + 0.5) * placement.width) / width);
    const y = placement.y + floor(((floor(i / width) + 0.5) * placement.height) / height);
    return labels[y * placement.networkWidth + x]!;
  });
}

export function overlay(
  image: RawImage,
  labels: Uint8Array,
  placement: Placement,
  palette: Uint8Array,
  opacity: number,
  width: number,
  height: number,
): Uint8Array {
  const source = rgbOf(image, width, height).data;
  const alpha = round(opacity * 255);
  const ids = labelsOf(labels, placement, width, height);
  return source.map((value, i) => {
    const label = ids[floor(i / 3)]!;
    if (palette[label * 4 + 3] === 0) return value;
    return round((palette[label * 4 + (i % 3)]! * alpha) / 255) + round((value * (255 - alpha)) / 255);
  });
}
