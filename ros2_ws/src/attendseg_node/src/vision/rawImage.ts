import { type Encoding, findEncoding, isHalved, planesOf } from './encodings.js';
import { ImageError } from './imageError.js';

/** The picture in a sensor_msgs/Image, unchecked: nothing in it can be trusted before `checkImage`. */
export interface RawImage {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** A name of sensor_msgs/image_encodings. */
  readonly encoding: string;
  /** Byte order of 16-bit samples. */
  readonly isBigEndian: boolean;
  /** How many low bits of 16-bit samples the camera fills, 8-16; all 16 if left out. Larger values count as the largest. */
  readonly bitDepth?: number;
  /** Bytes from one row to the next; may be longer than a row. */
  readonly step: number;
  /** All rows; may be longer than they are by up to one row. */
  readonly data: Uint8Array;
}

/** What is in memory already as one. @param pixels HxWx3 uint8 RGB, not copied */
export function rgb8Image(width: number, height: number, pixels: Uint8Array): RawImage {
  return { width, height, encoding: 'rgb8', isBigEndian: false, step: 3 * width, data: pixels };
}

/** Width and height of a supported image, in pixels. */
export const MIN_IMAGE_SIDE = 16;
export const MAX_IMAGE_SIDE = 8192;

/** Width x height of a supported image; fewer if the parameter max_image_pixels says so. */
export const MAX_IMAGE_PIXELS = MAX_IMAGE_SIDE * MAX_IMAGE_SIDE;

/** Proves that a picture of this size is supported. @throws ImageError `size` */
export function checkSize(width: number, height: number, maxPixels = MAX_IMAGE_PIXELS): void {
  if (!isSide(width) || !isSide(height)) {
    throw new ImageError(
      'size',
      `image size ${width}x${height} is not supported; choose ${MIN_IMAGE_SIDE}x${MIN_IMAGE_SIDE} to ${MAX_IMAGE_SIDE}x${MAX_IMAGE_SIDE}`,
    );
  }
  if (width * height > maxPixels) {
    throw new ImageError(
      'size',
      `image size ${width}x${height} is ${width * height} pixels, more than the ${maxPixels} of the parameter max_image_pixels; raise it, or let the camera send smaller images`,
    );
  }
}

/**
 * The encoding of an image whose every row is proved to lie inside its data.
 * @throws ImageError that names the cause.
 */
export function checkImage(
  image: Omit<RawImage, 'data'> & { readonly data: { readonly length: number } },
  maxPixels?: number,
): Encoding {
  const { width, height, encoding: name, step, data } = image;
  const encoding = findEncoding(name);
  const size = `${width}x${height}`;
  checkSize(width, height, maxPixels);
  const halved = isHalved(encoding);
  if ((width % 2 && (halved || encoding.layout === 'yuv422')) || (height % 2 && halved)) {
    const even = halved ? 'width and height' : 'width';
    throw new ImageError('size', `${name} cannot be ${size}; choose an even ${even} or another encoding`);
  }
  let whole = 0;
  for (const { offset, pitch, rowBytes, rows } of planesOf(encoding, width, height, step)) {
    if (!(Number.isSafeInteger(step) && pitch >= rowBytes)) {
      throw new ImageError(
        'step',
        `step ${step} is too short for ${width} pixels of ${name} (${rowBytes} bytes a row); the camera driver must set it`,
      );
    }
    if (!Number.isInteger(pitch)) {
      throw new ImageError('step', `step ${step} of ${name} must be even; the camera driver must set it`);
    }
    // The last row needs no padding.
    if (!(data.length >= offset + pitch * (rows - 1) + rowBytes)) {
      throw new ImageError(
        'data',
        `data is shorter than ${size} pixels of ${name} with step ${step}; the camera driver must send whole images`,
      );
    }
    whole = offset + pitch * rows;
  }
  // A capture buffer of another size behind this header would come out sheared.
  if (data.length > whole + step) {
    throw new ImageError(
      'data',
      `data has ${data.length} bytes, but ${size} pixels of ${name} with step ${step} take ${whole}; the camera driver must set width, height and step of the buffer that it sends`,
    );
  }
  return encoding;
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= MIN_IMAGE_SIDE && pixels <= MAX_IMAGE_SIDE;
}
