import { type CompressedImage, readCompressedHeader } from '../vision/compressedImage.js';
import { ImageError } from '../vision/imageError.js';
import { checkImage, MAX_IMAGE_PIXELS, type RawImage } from '../vision/rawImage.js';
import type { BufferPool } from './bufferPool.js';
import type { PictureHeader } from './protocol.js';

/** A picture's bytes where they are now, such as in the middleware's memory: for as long as who gives them says. */
export type PictureBytes =
  | Uint8Array
  | {
      readonly length: number;
      /** Fills the first `length` bytes of `target`. @throws Error if the bytes are gone, RangeError if it is shorter */
      copyTo(target: Uint8Array): void;
    };

/** An image whose bytes may lie anywhere. */
export type Anywhere<Image extends { readonly data: Uint8Array }> = Omit<Image, 'data'> & {
  readonly data: PictureBytes;
};

/** A picture as it comes, unchecked: pixels, or a file. */
export type Picture = Anywhere<RawImage> | Anywhere<CompressedImage>;

/** Files differ in size from frame to frame: their buffers are multiples of this, so that the next one fits, too. */
const FILE_STEP = 256 * 2 ** 10;

/**
 * Bytes of a picture for each pixel that one may have, at most: twice what any encoding takes, for rows with padding.
 * A header may say the truth and its rows, or a file's text, still be gigabytes.
 */
const MAX_PIXEL_BYTES = 16;

/** A picture that was checked, with its bytes in a buffer of a pool until it is segmented or given back. */
export class HeldPicture {
  #buffer: ArrayBuffer | undefined;

  /** @param receive milliseconds that the copy took */
  constructor(
    readonly header: PictureHeader,
    buffer: ArrayBuffer,
    /** That are the picture's; the buffer may be longer. */
    readonly bytes: number,
    readonly receive: number,
    private readonly pool: BufferPool,
  ) {
    this.#buffer = buffer;
  }

  /** The buffer, which is the caller's from now on. @throws Error if it is somebody's already */
  take(): ArrayBuffer {
    const buffer = this.#buffer;
    if (buffer === undefined) throw new Error('the picture was segmented or given back before');
    this.#buffer = undefined;
    return buffer;
  }

  /** Gives the buffer back to its pool, unless it was taken. */
  release(): void {
    if (this.#buffer !== undefined) this.pool.give(this.take());
  }
}

/**
 * Proves that a picture can be used, as far as that shows before it is decoded, and copies its bytes, once.
 * @param maxPixels no memory is taken for the pixels of larger ones
 * @throws ImageError that names the cause; RangeError if memory is short
 */
export function holdPicture(picture: Picture, pool: BufferPool, maxPixels = MAX_IMAGE_PIXELS): HeldPicture {
  const started = performance.now();
  const { data, ...head } = picture;
  if (!('format' in picture)) checkImage(picture, maxPixels);
  const bytes = data.length;
  const most = MAX_PIXEL_BYTES * maxPixels;
  if (bytes > most) {
    throw new ImageError(
      'data',
      `data is longer than ${most} bytes, ${MAX_PIXEL_BYTES} for each pixel of the parameter max_image_pixels; raise it, or let the camera send less`,
    );
  }
  const buffer = pool.take('format' in head ? Math.ceil(bytes / FILE_STEP) * FILE_STEP : bytes);
  try {
    const copy = new Uint8Array(buffer, 0, bytes);
    if ('copyTo' in data) data.copyTo(copy);
    else copy.set(data);
    const header =
      'format' in head ? { ...head, ...readCompressedHeader({ ...head, data: copy }, maxPixels) } : head;
    return new HeldPicture(header, buffer, bytes, performance.now() - started, pool);
  } catch (error) {
    pool.give(buffer);
    throw error;
  }
}
