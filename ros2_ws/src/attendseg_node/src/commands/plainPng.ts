import { crc32 } from 'node:zlib';

/** What a PNG file's pixels are. */
export type PngKind = 'grey' | 'rgb' | 'palette';

export interface PlainPng {
  readonly kind: PngKind;
  readonly hasAlpha: boolean;
  /** Bits of a sample or an index: 1, 2, 4, 8 or 16. */
  readonly bits: number;
  /** RGB triples of a palette. */
  readonly palette: Uint8Array;
  /** A PNG of the very same samples, which no reader converts: a palette's indices are its grey values. */
  readonly file: Uint8Array;
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const COLOUR_TYPES: readonly (readonly [PngKind, boolean] | undefined)[] = [
  ['grey', false],
  undefined,
  ['rgb', false],
  ['palette', false],
  ['grey', true],
  undefined,
  ['rgb', true],
];
/** Where the colour type is in the header chunk's data, after width, height and bits. */
const COLOUR_TYPE = 9;

/**
 * Strips a PNG file of all that changes its samples on reading: palette, transparency, gamma, colour profile, and
 * orientation. A palette's indices are packed as grey values are, so that changing the colour type is enough.
 * @throws Error with the cause alone if it is no PNG file, or cut short
 */
export function plainPng(content: Buffer): PlainPng {
  if (!content.subarray(0, 8).equals(SIGNATURE)) throw new Error('is no PNG file');
  const kept: Uint8Array[] = [SIGNATURE];
  let header: Buffer | undefined;
  let palette = new Uint8Array(0);
  for (let at = 8, name = ''; name !== 'IEND';) {
    if (at + 12 > content.length) throw new Error('is cut short');
    const data = content.subarray(at + 8, at + 8 + content.readUInt32BE(at));
    name = content.toString('latin1', at + 4, at + 8);
    const next = at + 12 + content.readUInt32BE(at);
    if (name === 'PLTE') palette = Uint8Array.from(data);
    if (name === 'IHDR') header = Buffer.from(data);
    if (name === 'IDAT' || name === 'IEND') kept.push(content.subarray(at, next));
    at = next;
  }
  const type = COLOUR_TYPES[header?.[COLOUR_TYPE] ?? 1];
  if (header === undefined || type === undefined) throw new Error('has no header of a PNG file');
  const [kind, hasAlpha] = type;
  if (kind === 'palette') header[COLOUR_TYPE] = 0;
  kept.splice(1, 0, chunk('IHDR', header));
  return { kind, hasAlpha, bits: header[COLOUR_TYPE - 1]!, palette, file: Buffer.concat(kept) };
}

function chunk(name: string, data: Buffer): Buffer {
  const [body, length, crc] = [
    Buffer.concat([Buffer.from(name, 'latin1'), data]),
    Buffer.alloc(4),
    Buffer.alloc(4),
  ];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}
