import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { ENCODING_NAMES, findEncoding, type Plane, planesOf } from '#vision/encodings.js';
import { ImageError } from '#vision/imageError.js';
import { checkImage, type RawImage } from '#vision/rawImage.js';
import { sample } from './samples.js';

function errorOf(image: Partial<RawImage>): ImageError {
  try {
    checkImage({ ...sample('rgb8', 64, 48), ...image });
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  throw new Error('the image was accepted');
}

describe('checkImage', () => {
  it.each(ENCODING_NAMES)(
    'accepts %s, with and without padding and a spare row, and not one byte more or less',
    (encoding) => {
      for (const padding of [0, 6]) {
        const image = sample(encoding, 64, 48, padding);
        expect(() => checkImage(image)).not.toThrow();
        const spare = image.data.length + image.step;
        expect(() => checkImage({ ...image, data: new Uint8Array(spare) })).not.toThrow();
        expect(errorOf({ ...image, data: new Uint8Array(spare + 1) }).reason).toBe('data');
        // The last row may come without its padding: twice as much in nv24's second plane, half in planes of U and V.
        const share = encoding === 'nv24' ? 2 : ['i420', 'yuv420p', 'yv12'].includes(encoding) ? 0.5 : 1;
        const needed = image.data.length - padding * share;
        expect(() => checkImage({ ...image, data: new Uint8Array(needed) })).not.toThrow();
        expect(errorOf({ ...image, data: new Uint8Array(needed - 1) }).reason).toBe('data');
      }
      const { step } = sample(encoding, 64, 48);
      expect(errorOf({ ...sample(encoding, 64, 48), step: step - 1 }).reason).toBe('step');
    },
  );

  it.each([0, -1, 15, 8193, 64.5, NaN, Infinity, 2 ** 32 - 1])('refuses a side of %d pixels', (side) => {
    expect(errorOf({ width: side }).reason).toBe('size');
    expect(errorOf({ height: side }).reason).toBe('size');
  });

  it.each([0, -192, 191, 192.5, NaN, Infinity, -Infinity])('refuses a step of %d bytes', (step) => {
    expect(errorOf({ step }).reason).toBe('step');
  });

  it('refuses an odd step where planes of half the width would begin between bytes', () => {
    const { data } = sample('i420', 64, 48, 1);
    expect(errorOf({ encoding: 'i420', step: 65, data }).message).toBe(
      'step 65 of i420 must be even; the camera driver must set it',
    );
  });

  it.each([2 ** 32 - 1, 2 ** 52])('finds the data too short for a step of %d bytes', (step) => {
    expect(errorOf({ step }).reason).toBe('data');
  });

  it.each([
    ['yuyv', 63, 48],
    ['uyvy', 63, 48],
    ['nv12', 63, 48],
    ['nv12', 64, 47],
    ['nv21', 64, 47],
    ['i420', 63, 48],
    ['yv12', 64, 47],
  ])('refuses %s of %i x %i: pixels share their chroma', (encoding, width, height) => {
    expect(errorOf(sample(encoding, width, height)).reason).toBe('size');
  });

  it.each(['16UC1', '32FC1', '64FC1', '16SC1', 'TYPE_32FC1', '32FC'])(
    'calls %s a depth image',
    (encoding) => {
      const { reason, message } = errorOf({ encoding });
      expect(reason).toBe('depth');
      expect(message).toBe(`"${encoding}" is a depth image; subscribe to the colour camera's topic`);
    },
  );

  it.each(['', 'rgb565', 'rgb', '32FC3', '8UC2', 'toString', 'a\nb'])(
    'refuses the encoding %j and names the supported',
    (encoding) => {
      const { reason, message } = errorOf({ encoding });
      expect(reason).toBe('encoding');
      expect(message).toContain(JSON.stringify(encoding));
      expect(message).toContain('rgb8, bgr8');
      expect(message).not.toContain('\n');
    },
  );

  it('says the thing, the cause and the remedy', () => {
    expect(errorOf({ width: 4 }).message).toBe('image size 4x48 is not supported; choose 16x16 to 8192x8192');
    expect(errorOf({ step: 64 }).message).toBe(
      'step 64 is too short for 64 pixels of rgb8 (192 bytes a row); the camera driver must set it',
    );
    expect(errorOf({ data: new Uint8Array(9) }).message).toBe(
      'data is shorter than 64x48 pixels of rgb8 with step 192; the camera driver must send whole images',
    );
    expect(errorOf({ encoding: 'nv12', width: 63 }).message).toBe(
      'nv12 cannot be 63x48; choose an even width and height or another encoding',
    );
  });
});

test('whatever its fields are, an image is refused in words, or every row of it lies inside its data', () => {
  const edges = fc.constantFrom(0, 1, 15, 16, 17, 8192, 8193, 2 ** 16, 2 ** 31, 2 ** 32 - 1);
  const side = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 16, max: 64 }) }, edges);
  const hostile = fc.record({
    width: side,
    height: side,
    encoding: fc.constantFrom(...ENCODING_NAMES),
    isBigEndian: fc.boolean(),
    /** Bytes more or less than a row has. */
    padding: fc.oneof(fc.constant(0), fc.integer({ min: -40, max: 40 }), edges),
    /** Bytes more or less than all rows have. */
    spare: fc.oneof(fc.constant(0), fc.integer({ min: -700, max: 700 }), edges),
    maxPixels: fc.constantFrom(256, 1024, 2 ** 26),
  });
  let accepted = 0;
  fc.assert(
    fc.property(hostile, ({ padding, spare, maxPixels, ...fields }) => {
      const { width, height } = fields;
      const planes = (step: number): Plane[] => planesOf(findEncoding(fields.encoding), width, height, step);
      const image = { ...fields, step: planes(0)[0]!.rowBytes + padding };
      const last = planes(image.step).at(-1)!;
      const length = Math.max(0, last.offset + last.pitch * last.rows + spare);
      let encoding;
      try {
        encoding = checkImage({ ...image, data: { length } }, maxPixels);
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
        return;
      }
      accepted++;
      expect(image.width * image.height).toBeLessThanOrEqual(maxPixels);
      for (const { offset, pitch, rowBytes, rows } of planesOf(
        encoding,
        image.width,
        image.height,
        image.step,
      )) {
        expect(pitch).toBeGreaterThanOrEqual(rowBytes);
        expect(offset + pitch * (rows - 1) + rowBytes).toBeLessThanOrEqual(length);
      }
    }),
    { numRuns: 5000, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(500);
});
