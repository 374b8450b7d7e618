import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { BufferPool } from '#inference/bufferPool.js';
import { holdPicture } from '#inference/heldPicture.js';
import { decodeCompressed } from '#vision/compressedImage.js';
import { ImageError } from '#vision/imageError.js';
import { type Family, MAX_PIXELS } from '../family.js';
import { mutate } from '../mutate.js';

const FORMATS = [
  'rgb8; jpeg compressed bgr8',
  'mono8; png compressed ',
  'bayer_rggb16; png compressed ',
  'jpeg',
  '',
  '\0;;;',
  'x'.repeat(4096),
  '16UC1; compressedDepth png',
];

/** sensor_msgs/CompressedImage: an input is a byte that chooses the format, and the file. */
export async function openCompressed(): Promise<Family> {
  const pool = new BufferPool();
  const examples = (await files()).map((file, i) => Buffer.concat([Buffer.of(i % 3), file]));
  return {
    // The file, its pixels, those of libvips, and what JPEG and PNG keep of a picture that is progressive or interlaced.
    bound: 96 * MAX_PIXELS,
    generate: (random) => {
      const bytes = Buffer.from(mutate(examples, random));
      // Most decoders stop at a wrong checksum, so half of the files have right ones.
      return random.oneIn(2) ? withChecksums(bytes) : bytes;
    },
    decode: async (input, passed) => {
      const format = FORMATS[(input[0] ?? 0) % FORMATS.length]!;
      const held = holdPicture({ format, data: input.subarray(1) }, pool, MAX_PIXELS);
      passed();
      const buffer = held.take();
      try {
        await decodeCompressed({ format, data: new Uint8Array(buffer, 0, held.bytes) });
      } finally {
        pool.give(buffer);
      }
    },
    isDeclared: (error) => error instanceof ImageError,
  };
}

async function files(): Promise<Buffer[]> {
  const of = (channels: 3 | 4): Sharp => {
    const pixels = Uint8Array.from({ length: 40 * 32 * channels }, (_, i) => (i * i) >> 3);
    return sharp(pixels, { raw: { width: 40, height: 32, channels } });
  };
  const png = await of(3).png().toBuffer();
  return [
    await of(3).jpeg().toBuffer(),
    png,
    await of(3).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    await of(3).toColourspace('b-w').jpeg().toBuffer(),
    await of(3).toColourspace('cmyk').jpeg().toBuffer(),
    await of(4).png({ progressive: true }).toBuffer(),
    await of(3).toColourspace('rgb16').png().toBuffer(),
    await of(3).toColourspace('b-w').png().toBuffer(),
    await of(3).png({ palette: true }).toBuffer(),
    await of(3).withMetadata({ icc: 'srgb' }).png().toBuffer(),
    claiming(png, 60_000, 60_000),
    claiming(png, 1024, 1024),
    claiming(png, 8192, 128),
  ];
}

/** A bomb: the same file with another size in its header. */
function claiming(png: Buffer, width: number, height: number): Buffer {
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(width, 16);
  bomb.writeUInt32BE(height, 20);
  return withChecksums(bomb);
}

/** The same PNG with the checksums that its chunks ought to have; `bytes` has one byte in front. */
function withChecksums(bytes: Buffer): Buffer {
  const start = bytes.indexOf('IHDR') - 4;
  for (let at = start; start >= 0 && at + 12 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return bytes;
}
