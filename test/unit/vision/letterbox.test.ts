import { describe, expect, it } from '@jest/globals';
import { place } from '#vision/letterbox.js';

describe('place', () => {
  it.each([
    [1920, 1080, { x: 0, y: 112, width: 512, height: 288 }],
    [640, 480, { x: 0, y: 64, width: 512, height: 384 }],
    [480, 640, { x: 64, y: 0, width: 384, height: 512 }],
    [512, 512, { x: 0, y: 0, width: 512, height: 512 }],
    [100, 99, { x: 0, y: 2, width: 512, height: 507 }],
    [16, 8192, { x: 255, y: 0, width: 1, height: 512 }],
    [8192, 16, { x: 0, y: 255, width: 512, height: 1 }],
  ])('centres %i x %i in 512 x 512', (width, height, rectangle) => {
    expect(place(width, height, 512, 512, 'letterbox')).toEqual({
      ...rectangle,
      networkWidth: 512,
      networkHeight: 512,
    });
  });

  it('fills a network input that is not square', () => {
    expect(place(1920, 1080, 480, 360, 'letterbox')).toMatchObject({ x: 0, y: 45, width: 480, height: 270 });
    expect(place(1920, 1080, 480, 360, 'stretch')).toMatchObject({ x: 0, y: 0, width: 480, height: 360 });
  });

  it('stays inside, touches two opposite sides, and is centred, whatever the size', () => {
    for (let width = 16; width <= 8192; width = Math.ceil(width * 1.37)) {
      for (let height = 16; height <= 8192; height = Math.ceil(height * 1.41)) {
        const { x, y, ...size } = place(width, height, 320, 192, 'letterbox');
        expect(Math.min(x, y)).toBe(0);
        expect(Math.min(size.width, size.height)).toBeGreaterThanOrEqual(1);
        expect([0, 1]).toContain(320 - size.width - 2 * x);
        expect([0, 1]).toContain(192 - size.height - 2 * y);
        expect(size.width === 320 || size.height === 192).toBe(true);
      }
    }
  });
});
