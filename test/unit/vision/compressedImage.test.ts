import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { decodeCompressed, encodeGrayPng, readCompressedHeader } from '#vision/compressedImage.js';
import { noise } from './samples.js';

const [WIDTH, HEIGHT] = [40, 24];

function smooth(channels: 1 | 3): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % WIDTH, Math.floor(i / channels / WIDTH)];
    return 3 * x + 2 * y + 20 * (i % channels);
  });
}

function file(pixels: Uint8Array | Uint16Array, channels: 1 | 3 | 4): Sharp {
  const picture = sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels } });
  return channels === 1 ? picture.toColourspace(pixels instanceof Uint16Array ? 'grey16' : 'b-w') : picture;
}

describe('a picture comes out as it was', () => {
  test('colour JPEG, nearly', async () => {
    const pixels = smooth(3);
    const data = await file(pixels, 3).jpeg({ quality: 98 }).toBuffer();
    const image = await decodeCompressed({ format: 'bgr8; jpeg compressed bgr8', data });
    expect(image).toMatchObject({ width: WIDTH, height: HEIGHT, encoding: 'rgb8', step: 3 * WIDTH });
    const worst = Math.max(...image.data.map((value, i) => Math.abs(value - pixels[i]!)));
    expect(worst).toBeLessThan(6);
  });

  test.each([
    ['rgb8', 3],
    ['mono8', 1],
  ] as const)('PNG of %s', async (encoding, channels) => {
    const pixels = noise(WIDTH * HEIGHT * channels);
    const data = await file(pixels, channels).png().toBuffer();
    const image = await decodeCompressed({ format: 'png', data });
    expect(image.encoding).toBe(encoding);
    expect(Buffer.compare(image.data, pixels)).toBe(0);
  });

  test('PNG with alpha, which is left out', async () => {
    const pixels = noise(WIDTH * HEIGHT * 4);
    const image = await decodeCompressed({ format: 'png', data: await file(pixels, 4).png().toBuffer() });
    expect(image.encoding).toBe('rgb8');
    expect([...image.data]).toEqual([...pixels.filter((_, i) => i % 4 < 3)]);
  });

  test.each([
    ['rgb16', 3],
    ['mono16', 1],
  ] as const)('PNG of %s', async (encoding, channels) => {
    const samples = Uint16Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => (i * 4099) & 0xffff);
    const data = await file(samples, channels)
      .toColourspace(channels === 3 ? 'rgb16' : 'grey16')
      .png()
      .toBuffer();
    const image = await decodeCompressed({ format: `${encoding}; png compressed `, data });
    expect([image.encoding, image.step]).toEqual([encoding, 2 * channels * WIDTH]);
    expect(Buffer.compare(image.data, new Uint8Array(samples.buffer))).toBe(0);
  });

  test('Bayer mosaics are known by their format', async () => {
    const data = await file(noise(WIDTH * HEIGHT), 1)
      .png()
      .toBuffer();
    expect((await decodeCompressed({ format: 'bayer_rggb8; png compressed ', data })).encoding).toBe(
      'bayer_rggb8',
    );
    expect((await decodeCompressed({ format: 'bayer_rggb8; png compressed mono8', data })).encoding).toBe(
      'mono8',
    );
  });

  test('a gray picture of ours', async () => {
    const pixels = noise(WIDTH * HEIGHT);
    const data = await encodeGrayPng(pixels, WIDTH, HEIGHT);
    const { channels } = await sharp(data).metadata();
    expect(channels).toBe(1);
    const image = await decodeCompressed({ format: 'mono8; png compressed ', data });
    expect([image.encoding, Buffer.compare(image.data, pixels)]).toEqual(['mono8', 0]);
  });
});

describe('what cannot be used is refused', () => {
  const refusal = async (format: string, data: Uint8Array): Promise<string> => {
    try {
      await decodeCompressed({ format, data });
    } catch (error) {
      const { reason, message } = error as { reason: string; message: string };
      expect(message).not.toContain('\n');
      return `${reason}: ${message}`;
    }
    return 'nothing';
  };

  test('by what it is', async () => {
    expect(await refusal('16UC1; compressedDepth png', new Uint8Array(99))).toMatch(/^depth: /);
    expect(await refusal('h264', new Uint8Array(99))).toMatch(
      /^encoding: format "h264" is neither JPEG nor PNG/,
    );
    expect(await refusal('jpeg', new Uint8Array(0))).toMatch(/^encoding: /);
  });

  test('a PNG that claims more than its header may', () => {
    const data = Uint8Array.from([
      0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60,
      8, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(() => readCompressedHeader({ format: 'png', data })).toThrow(
      'image size 60000x60000 is not supported',
    );
  });

  test.each(['jpeg', 'png'] as const)('a %s cut anywhere', async (codec) => {
    const picture = file(noise(WIDTH * HEIGHT * 3), 3);
    const data = await picture[codec]().toBuffer();
    for (let length = 2; length < data.length - 16; length += Math.ceil(data.length / 60)) {
      expect(await refusal(codec, data.subarray(0, length))).toMatch(/^(data|encoding|size): /);
    }
    expect(await refusal(codec, data)).toBe('nothing');
  });
});
