import { ImageError } from './imageError.js';

/** Whole pixels one after the other; `rgb` says which sample of a pixel each channel is. */
export interface PackedEncoding {
  readonly layout: 'packed';
  readonly sampleBytes: 1 | 2;
  /** Samples of a pixel. */
  readonly channels: number;
  readonly rgb: readonly [number, number, number];
}

/** Two pixels in four bytes; `y`, `u` and `v` are the byte offsets of the first Y, of U and of V. */
export interface Yuv422Encoding {
  readonly layout: 'yuv422';
  readonly y: 0 | 1;
  readonly u: number;
  readonly v: number;
}

/** A plane of Y, then one of U and V by turns with a pair for every `chroma` x `chroma` pixels; `u`, `v`: which comes first. */
export interface SemiPlanarEncoding {
  readonly layout: 'semiPlanar';
  readonly chroma: 1 | 2;
  readonly u: 0 | 1;
  readonly v: 0 | 1;
}

/** A plane of Y, then one of U and one of V, of half the size in both directions; `u`, `v`: which comes first. */
export interface PlanarEncoding {
  readonly layout: 'planar';
  readonly u: 1 | 2;
  readonly v: 1 | 2;
}

/** A Bayer mosaic with red at (redX, redY) of each 2 x 2 tile and blue diagonally across. */
export interface BayerEncoding {
  readonly layout: 'bayer';
  readonly sampleBytes: 1 | 2;
  readonly redX: 0 | 1;
  readonly redY: 0 | 1;
}

/** How the bytes of an image make pixels. */
export type Encoding = PackedEncoding | Yuv422Encoding | SemiPlanarEncoding | PlanarEncoding | BayerEncoding;

/** A run of equally long rows inside an image's data; everything in bytes but `rows`. */
export interface Plane {
  readonly offset: number;
  readonly pitch: number;
  readonly rowBytes: number;
  readonly rows: number;
}

const ENCODINGS = encodings();

/** The names that `findEncoding` knows, in the order of the documentation. */
export const ENCODING_NAMES: readonly string[] = [...ENCODINGS.keys()];

function encodings(): Map<string, Encoding> {
  const packed = (names: string, sampleBytes: 1 | 2): Encoding => {
    const at = (channel: string): number => Math.max(0, names.indexOf(channel));
    return { layout: 'packed', sampleBytes, channels: names.length, rgb: [at('r'), at('g'), at('b')] };
  };
  const bayer = (pattern: string, sampleBytes: 1 | 2): Encoding => {
    const red = pattern.indexOf('r');
    return { layout: 'bayer', sampleBytes, redX: (red & 1) as 0 | 1, redY: (red >> 1) as 0 | 1 };
  };
  const uyvy: Encoding = { layout: 'yuv422', y: 1, u: 0, v: 2 };
  const yuyv: Encoding = { layout: 'yuv422', y: 0, u: 1, v: 3 };

  const table = new Map<string, Encoding>();
  for (const sampleBytes of [1, 2] as const) {
    for (const channels of ['rgb', 'bgr', 'rgba', 'bgra', 'mono']) {
      table.set(`${channels}${8 * sampleBytes}`, packed(channels === 'mono' ? 'y' : channels, sampleBytes));
    }
  }
  table.set('8UC1', packed('y', 1)).set('8UC3', packed('bgr', 1)).set('8UC4', packed('bgra', 1));
  table.set('16UC3', packed('bgr', 2)).set('16UC4', packed('bgra', 2));
  table.set('uyvy', uyvy).set('yuv422', uyvy).set('yuyv', yuyv).set('yuv422_yuy2', yuyv).set('yuy2', yuyv);
  table.set('nv12', { layout: 'semiPlanar', chroma: 2, u: 0, v: 1 });
  table.set('nv21', { layout: 'semiPlanar', chroma: 2, u: 1, v: 0 });
  table.set('nv24', { layout: 'semiPlanar', chroma: 1, u: 0, v: 1 });
  const i420: Encoding = { layout: 'planar', u: 1, v: 2 };
  table.set('i420', i420).set('yuv420p', i420).set('yv12', { layout: 'planar', u: 2, v: 1 });
  for (const sampleBytes of [1, 2] as const) {
    for (const pattern of ['rggb', 'bggr', 'gbrg', 'grbg']) {
      table.set(`bayer_${pattern}${8 * sampleBytes}`, bayer(pattern, sampleBytes));
    }
  }
  return table;
}

/**
 * The encoding that sensor_msgs/Image calls `name`, which may be in capitals as FourCC codes are.
 * @throws ImageError `depth` or `encoding`.
 */
export function findEncoding(name: string): Encoding {
  const encoding = ENCODINGS.get(name) ?? ENCODINGS.get(name.toLowerCase());
  if (encoding) return encoding;
  const shown = JSON.stringify(name.slice(0, 32));
  if (/^(TYPE_)?(16U|16S|32S|32F|64F)C1?$/.test(name)) {
    throw new ImageError('depth', `${shown} is a depth image; subscribe to the colour camera's topic`);
  }
  throw new ImageError(
    'encoding',
    `encoding ${shown} is not supported; let the camera send one of ${ENCODING_NAMES.join(', ')}`,
  );
}

/** Do pixels share their chroma in blocks of two by two? */
export function isHalved(encoding: Encoding): boolean {
  return encoding.layout === 'planar' || (encoding.layout === 'semiPlanar' && encoding.chroma === 2);
}

/** Where the rows of an image lie in its data: one plane, two (Y, then UV) or three. Sizes are taken to be valid. */
export function planesOf(encoding: Encoding, width: number, height: number, step: number): Plane[] {
  const plane = (rowBytes: number): Plane => ({ offset: 0, pitch: step, rowBytes, rows: height });
  switch (encoding.layout) {
    case 'packed':
      return [plane(width * encoding.channels * encoding.sampleBytes)];
    case 'yuv422':
      return [plane(width * 2)];
    case 'bayer':
      return [plane(width * encoding.sampleBytes)];
    case 'planar': {
      const pitch = step / 2;
      const chroma = { offset: step * height, pitch, rowBytes: width / 2, rows: height / 2 };
      return [plane(width), chroma, { ...chroma, offset: chroma.offset + pitch * chroma.rows }];
    }
    case 'semiPlanar': {
      // A row of UV pairs is as long as a row of Y where it is subsampled, and twice as long where it is not.
      const { chroma } = encoding;
      const scale = 2 / chroma;
      const uv = {
        offset: step * height,
        pitch: step * scale,
        rowBytes: width * scale,
        rows: height / chroma,
      };
      return [plane(width), uv];
    }
  }
}
