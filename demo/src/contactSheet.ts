import sharp from 'sharp';

/** Pictures side by side, three in a row, or four if they are many. @param pictures files that sharp reads */
export async function contactSheet(pictures: readonly Uint8Array[]): Promise<Uint8Array> {
  const [width, gap] = [480, 8];
  const tiles = await Promise.all(
    pictures.map((picture) => sharp(picture).resize({ width }).png().toBuffer({ resolveWithObject: true })),
  );
  const height = Math.max(...tiles.map(({ info }) => info.height));
  const columns = Math.min(tiles.length > 12 ? 4 : 3, tiles.length);
  const rows = Math.ceil(tiles.length / columns);
  return sharp({
    create: {
      width: columns * (width + gap) + gap,
      height: rows * (height + gap) + gap,
      channels: 3,
      background: '#16181d',
    },
  })
    .composite(
      tiles.map(({ data }, i) => ({
        input: data,
        left: gap + (i % columns) * (width + gap),
        top: gap + Math.floor(i / columns) * (height + gap),
      })),
    )
    .png()
    .toBuffer();
}
