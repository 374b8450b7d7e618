import sharp from 'sharp';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** HxWx3 uint8 RGB */
  readonly pixels: Uint8Array;
}

/** A JPEG or PNG file as HxWx3 uint8 RGB, without its alpha channel. */
export async function readPicture(file: string): Promise<Picture> {
  const { data, info } = await sharp(file)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}
