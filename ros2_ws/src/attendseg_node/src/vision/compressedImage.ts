import { errorText } from '../errorText.js';
import { ImageError } from './imageError.js';
import { checkSize, type RawImage } from './rawImage.js';

/** A JPEG or PNG file, as sensor_msgs/CompressedImage has it. */
export interface CompressedImage {
  /** What image_transport wrote: `ORIGINAL; CODEC compressed [STORED]`, or a codec alone. */
  readonly format: string;
  readonly data: Uint8Array;
}

/** A file whose header has been read: of the picture's size. */
export type CompressedPicture = CompressedImage & CompressedHeader;

/** What a file's header says, before anything is decoded. */
export interface CompressedHeader {
  readonly codec: 'jpeg' | 'png';
  readonly width: number;
  readonly height: number;
  readonly sampleBytes: 1 | 2;
}

/**
 * Reads the size from a file's first bytes, so that nothing is decoded, nor memory taken, for a picture that claims too
 * much. Sources: ITU T.81 (JPEG, annex B), RFC 2083 (PNG, 3.2 and 4.1.1).
 * @throws ImageError `encoding` for what is neither, `size` for sizes out of range, `data` for a file cut in its header
 */
export function readCompressedHeader(
  { format, data }: CompressedImage,
  maxPixels?: number,
): CompressedHeader {
  if (format.includes('compressedDepth')) {
    throw new ImageError('depth', `"${format}" is a depth image; subscribe to the colour camera's topic`);
  }
  const header = data[0] === 0xff && data[1] === 0xd8 ? jpegHeader(data) : pngHeader(data, format);
  checkSize(header.width, header.height, maxPixels);
  return header;
}

function jpegHeader(data: Uint8Array): CompressedHeader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 2;
  while (at + 9 <= data.length && data[at] === 0xff) {
    const marker = data[at + 1]!;
    // Fill bytes, and markers that stand alone.
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    // SOF0 to SOF15, but for DHT, JPG and DAC, which lie among them.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { codec: 'jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7), sampleBytes: 1 };
    }
    at += 2 + view.getUint16(at + 2);
  }
  throw new ImageError(
    'data',
    'the JPEG ends or breaks off in its header; the camera driver must send whole images',
  );
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function pngHeader(data: Uint8Array, format: string): CompressedHeader {
  if (!PNG_SIGNATURE.every((byte, i) => data[i] === byte)) {
    throw new ImageError(
      'encoding',
      `format ${JSON.stringify(format.slice(0, 48))} is neither JPEG nor PNG; let the camera send one of them`,
    );
  }
  if (data.length < 33)
    throw new ImageError(
      'data',
      'the PNG breaks off in its header; the camera driver must send whole images',
    );
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    codec: 'png',
    width: view.getUint32(16),
    height: view.getUint32(20),
    sampleBytes: data[24] === 16 ? 2 : 1,
  };
}

/**
 * Decodes a file into pixels, in a thread of libvips.
 * @throws ImageError `data` if it is cut or broken; see readCompressedHeader for the others
 */
export async function decodeCompressed(image: CompressedImage): Promise<RawImage> {
  const { width, height, sampleBytes } = readCompressedHeader(image);
  const wide = sampleBytes === 2;
  let decoded;
  try {
    const picture = (await loadSharp())(image.data, {
      failOn: 'truncated',
      limitInputPixels: width * height,
      sequentialRead: true,
    });
    const { channels } = await picture.metadata();
    const gray = channels < 3;
    decoded = await picture
      .removeAlpha()
      .toColourspace(gray ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb')
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw new ImageError(
      'data',
      `the image cannot be decoded (${errorText(error)}); the camera driver must send whole images`,
    );
  }
  const { data, info } = decoded;
  return {
    width: info.width,
    height: info.height,
    encoding: encodingOf(image.format, info.channels, wide),
    isBigEndian: false,
    step: info.width * info.channels * sampleBytes,
    data,
  };
}

/** Bayer pictures are stored as they are, in gray, where the format says that they were such and names no other. */
function encodingOf(format: string, channels: number, wide: boolean): string {
  const bits = wide ? '16' : '8';
  if (channels >= 3) return `rgb${bits}`;
  const [original = '', codec = ''] = format.split(';').map((part) => part.trim());
  const isMosaic = original.startsWith('bayer_') && original.endsWith(bits);
  return isMosaic && !/compressed \S/.test(codec) ? original : `mono${bits}`;
}

/** HxW uint8 as a lossless PNG. */
export async function encodeGrayPng(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  return (await loadSharp())(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 2 })
    .toBuffer();
}

let loaded: Promise<typeof import('sharp').default> | undefined;

/** The picture library: loaded when it is first needed, since it takes 40 MB. */
function loadSharp(): Promise<typeof import('sharp').default> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // Frames come one after the other, and none comes twice: no more threads than the node has, and nothing kept.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loaded;
}
