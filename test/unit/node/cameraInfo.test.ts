import { expect, test } from '@jest/globals';
import { scaleCameraInfo } from '#node/cameraInfo.js';
import type { CameraInfo } from '#recording/infoMessages.js';

const STAMP = { sec: 7, nanosec: 8 };
const INFO: CameraInfo = {
  header: { stamp: { sec: 1, nanosec: 2 }, frame_id: 'optical' },
  width: 640,
  height: 480,
  distortion_model: 'plumb_bob',
  d: [0.1, -0.2, 0, 0, 0.05],
  k: [500, 0, 319.5, 0, 510, 239.5, 0, 0, 1],
  r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  p: [500, 0, 319.5, -25, 0, 510, 239.5, 3, 0, 0, 1, 0],
  binning_x: 0,
  binning_y: 0,
  roi: { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false },
};

/** Where a point in front of the camera falls, in pixels from the left or upper edge (not the first pixel's centre). */
function project({ k, p }: CameraInfo): number[] {
  const [x, y, z] = [0.3, -0.2, 2] as const;
  const byK = [(k[0]! * x) / z + k[2]!, (k[4]! * y) / z + k[5]!];
  const byP = [(p[0]! * x + p[3]!) / z + p[2]!, (p[5]! * y + p[7]!) / z + p[6]!];
  return [...byK, ...byP].map((pixel) => pixel + 0.5);
}

test('of the same size it is the same, with the stamp of the mask', () => {
  expect(scaleCameraInfo(INFO, { width: 640, height: 480 }, STAMP)).toEqual({
    ...INFO,
    header: { stamp: STAMP, frame_id: 'optical' },
  });
});

test.each([
  [320, 240],
  [1280, 960],
  [512, 300],
])('a point falls on the same place of a mask of %px%p', (width, height) => {
  const scaled = scaleCameraInfo(INFO, { width, height }, STAMP);
  expect([scaled.width, scaled.height]).toEqual([width, height]);
  const [sx, sy] = [width / 640, height / 480];
  const expected = project(INFO).map((pixel, i) => pixel * (i % 2 ? sy : sx));
  project(scaled).forEach((pixel, i) => {
    expect(pixel).toBeCloseTo(expected[i]!, 9);
  });
  expect([scaled.d, scaled.r, scaled.distortion_model]).toEqual([INFO.d, INFO.r, INFO.distortion_model]);
});

test('region of interest and binning are worked in', () => {
  const roi = { x_offset: 100, y_offset: 40, width: 400, height: 200, do_rectify: true };
  const scaled = scaleCameraInfo(
    { ...INFO, roi, binning_x: 2, binning_y: 2 },
    { width: 200, height: 100 },
    STAMP,
  );
  const [x, y] = project(INFO);
  const [x1, y1] = project(scaled);
  expect(x1).toBeCloseTo((x! - 100) / 2, 9);
  expect(y1).toBeCloseTo((y! - 40) / 2, 9);
  expect([scaled.binning_x, scaled.roi]).toEqual([
    0,
    { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: true },
  ]);
});

test('a camera that is not calibrated stays so', () => {
  const zero = { ...INFO, k: new Float64Array(9), p: new Float64Array(12), d: [] };
  const scaled = scaleCameraInfo(zero, { width: 64, height: 48 }, STAMP);
  expect([...Array.from(scaled.k), ...Array.from(scaled.p)].every((value) => value === 0)).toBe(true);
});
