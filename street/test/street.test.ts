import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Street, type StreetFrame, type StreetOptions } from '../dist/street.js';

const CLASS_COUNT = 11;

function drive(options: StreetOptions, ...frames: number[]): StreetFrame[] {
  const street = new Street(options);
  return frames.map((index) => street.frame(index));
}

function digest({ picture, labels }: StreetFrame): string {
  return createHash('sha256').update(picture).update(labels).digest('hex').slice(0, 16);
}

describe('a street is a pure function of its options', () => {
  const options = { seed: 7, width: 160, height: 120 };

  test('the same options give the same bytes', () => {
    expect(drive(options, 0, 40).map(digest)).toEqual(drive(options, 0, 40).map(digest));
  });

  test('frames may be asked for in any order', () => {
    const [late, early, again] = drive(options, 900, 3, 900);
    const [first] = drive(options, 3);
    expect(digest(early!)).toBe(digest(first!));
    expect(digest(again!)).toBe(digest(late!));
  });

  test('its bytes are the same on every machine, release after release', () => {
    expect(drive(options, 0, 100).map(digest)).toEqual(GOLDEN);
  });

  test('another seed is another street', () => {
    const [a] = drive(options, 0);
    const [b] = drive({ ...options, seed: 8 }, 0);
    expect(digest(a!)).not.toBe(digest(b!));
    expect(isSame(a!.labels, b!.labels)).toBe(false);
  });

  test('the hour of the day changes the light, not the street', () => {
    const [noon] = drive({ ...options, timeOfDay: 'noon' }, 20);
    const [dusk] = drive({ ...options, timeOfDay: 'dusk' }, 20);
    expect(isSame(dusk!.labels, noon!.labels)).toBe(true);
    expect(mean(dusk!.picture)).toBeLessThan(mean(noon!.picture));
  });
});

describe('what is in the picture', () => {
  test('every class appears on a drive, and the street looks like a street', () => {
    const street = new Street({ seed: 3, width: 320, height: 240 });
    const counts = new Float64Array(CLASS_COUNT);
    const frame = street.frame(0);
    for (let i = 0; i < 20; i++) {
      for (const id of street.frame(i * 60, frame).labels) counts[id]!++;
    }
    const shares = Array.from(counts, (count) => count / (20 * frame.labels.length));
    const [sky, building, pole, road, pavement, tree, sign, fence, car, pedestrian, bicyclist] =
      shares as number[] & { length: 11 };
    expect(Math.min(...shares)).toBeGreaterThan(0.0005);
    expect(road).toBeGreaterThan(0.2);
    expect(sky).toBeGreaterThan(0.05);
    expect(building! + tree!).toBeGreaterThan(0.15);
    expect(pavement! + car! + fence!).toBeLessThan(0.4);
    expect(pole! + sign! + pedestrian! + bicyclist!).toBeLessThan(0.15);
  });

  test('the drive moves', () => {
    const [a, b] = drive({ seed: 5, width: 160, height: 120, noise: 0 }, 0, 3);
    let changed = 0;
    a!.labels.forEach((id, i) => {
      if (id !== b!.labels[i]) changed++;
    });
    expect(changed).toBeGreaterThan(0.005 * a!.labels.length);
    expect(changed).toBeLessThan(0.3 * a!.labels.length);
  });

  test('noise changes the picture, never the labels', () => {
    const [noisy] = drive({ seed: 5, width: 160, height: 120 }, 9);
    const [clean] = drive({ seed: 5, width: 160, height: 120, noise: 0 }, 9);
    expect(isSame(noisy!.labels, clean!.labels)).toBe(true);
    expect(isSame(noisy!.picture, clean!.picture)).toBe(false);
  });
});

describe('picture and labels agree to the pixel', () => {
  test.each([
    [3, 1],
    [10, 1],
    [10, 2],
  ] as const)('seed %i, %i samples: borders between classes lie on edges of the picture', (seed, samples) => {
    const width = 320;
    const height = 240;
    const [frame] = drive({ seed, width, height, noise: 0, samples, timeOfDay: 'noon' }, 60);
    const here = edgeUnderBorders(frame!, width, height, 0, 0);
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
      [1, 1],
      [-2, 0],
      [0, 2],
    ] as const) {
      expect(edgeUnderBorders(frame!, width, height, dx, dy)).toBeLessThan(here);
    }
  });
});

describe('sizes', () => {
  test.each([
    [16, 16],
    [1, 1],
    [33, 7],
    [7, 201],
    [641, 359],
    [1920, 1080],
  ])('%i x %i', (width, height) => {
    const [frame] = drive({ seed: 2, width, height }, 5);
    expect(frame!.picture).toHaveLength(width * height * 3);
    expect(frame!.labels).toHaveLength(width * height);
    expect(Math.max(...new Set(frame!.labels))).toBeLessThan(CLASS_COUNT);
  });

  test('a frame can be drawn into arrays that are already there', () => {
    const street = new Street({ seed: 2, width: 64, height: 48 });
    const expected = street.frame(4);
    const into = street.frame(0);
    expect(street.frame(4, into)).toBe(into);
    expect(digest(into)).toBe(digest(expected));
  });

  test('arrays of another size and impossible sizes are refused', () => {
    const street = new Street({ seed: 2, width: 64, height: 48 });
    expect(() => street.frame(0, { picture: new Uint8Array(3), labels: new Uint8Array(1) })).toThrow(
      RangeError,
    );
    expect(() => new Street({ seed: 2, width: 0, height: 48 })).toThrow(RangeError);
    expect(() => new Street({ seed: 2, width: 64.5, height: 48 })).toThrow(RangeError);
  });
});

/** jest's toEqual takes seconds for a picture. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function mean(bytes: Uint8Array): number {
  return bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
}

/** The mean step in the picture across borders between two labels, were the labels shifted by (dx, dy). */
function edgeUnderBorders(
  { picture, labels }: StreetFrame,
  width: number,
  height: number,
  dx: number,
  dy: number,
): number {
  let sum = 0;
  let count = 0;
  const { abs } = Math;
  const step = (a: number, b: number): number =>
    abs(picture[3 * a]! - picture[3 * b]!) +
    abs(picture[3 * a + 1]! - picture[3 * b + 1]!) +
    abs(picture[3 * a + 2]! - picture[3 * b + 2]!);
  for (let y = 3; y < height - 4; y++) {
    for (let x = 3; x < width - 4; x++) {
      const at = y * width + x;
      const seen = at + dy * width + dx;
      for (const next of [1, width]) {
        if (labels[at] === labels[at + next]) continue;
        sum += step(seen, seen + next);
        count++;
      }
    }
  }
  return sum / count;
}

/** Change these only together with the street, and say so: recordings and trained weights depend on them. */
const GOLDEN = ['9db0f95d9b7a02c4', '220ce55390009730'];
