import sharp from 'sharp';
import { errorText } from '../errorText.js';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** HxWx3 uint8 RGB */
  readonly pixels: Uint8Array;
}

/**
 * A JPEG or PNG file as HxWx3 uint8 RGB, turned as its EXIF says and viewers show it, without its alpha channel.
 * @throws Error naming the file
 */
export async function readPicture(file: string): Promise<Picture> {
  try {
    const { data, info } = await sharp(file)
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    const cause = errorText(error);
    throw new Error(`picture ${file}: ${cause.replace(`${file}: `, '')}; it may be damaged, or no picture`, {
      cause: error,
    });
  }
}
