import { describe, expect, test } from '@jest/globals';
import { applyThreshold, Steadier } from '#inference/steadying.js';

test('a threshold unlabels what is less certain, and leaves it no confidence', () => {
  const labels = Uint8Array.of(1, 2, 3, 4);
  const confidence = Uint8Array.of(0, 127, 128, 255);
  applyThreshold(labels, confidence, 0.5);
  expect([...labels]).toEqual([255, 255, 3, 4]);
  expect([...confidence]).toEqual([0, 0, 128, 255]);
});

describe('smoothing', () => {
  /** What comes out of one pixel, frame by frame. */
  function shown(keep: number, frames: [label: number, confidence: number, placement?: string][]): number[] {
    const steadier = new Steadier(1);
    return frames.map(([label, certain, placement = 'same']) => {
      const labels = Uint8Array.of(label);
      steadier.apply(labels, Uint8Array.of(certain), keep, placement);
      return labels[0]!;
    });
  }

  test('keeps a label against doubtful others', () => {
    expect(
      shown(0.7, [
        [1, 200],
        [2, 100],
        [1, 120],
        [2, 60],
        [1, 130],
      ]),
    ).toEqual([1, 1, 1, 1, 1]);
  });

  test('lets a certain change through at once', () => {
    expect(
      shown(0.7, [
        [1, 250],
        [2, 240],
        [1, 239],
      ]),
    ).toEqual([1, 2, 1]);
  });

  test('lets a doubtful change through when it lasts', () => {
    const result = shown(0.7, [[1, 250], ...Array.from({ length: 6 }, (): [number, number] => [2, 90])]);
    expect(result).toEqual([1, 1, 1, 2, 2, 2, 2]);
  });

  test('forgets what is unlabelled, and all when the picture lies elsewhere', () => {
    expect(
      shown(0.5, [
        [1, 200],
        [255, 0],
        [255, 0],
        ...Array.from({ length: 9 }, (): [number, number] => [255, 0]),
      ]).at(-1),
    ).toBe(255);
    expect(
      shown(0.9, [
        [1, 255],
        [2, 10, 'moved'],
      ]),
    ).toEqual([1, 2]);
  });

  test('does nothing at 0', () => {
    expect(
      shown(0, [
        [1, 255],
        [2, 1],
        [1, 0],
        [3, 7],
      ]),
    ).toEqual([1, 2, 1, 3]);
  });

  test('what is shown is as certain as the kept label still is', () => {
    const steadier = new Steadier(1);
    steadier.apply(Uint8Array.of(1), Uint8Array.of(200), 0.5, '');
    const confidence = Uint8Array.of(30);
    steadier.apply(Uint8Array.of(2), confidence, 0.5, '');
    expect(confidence[0]).toBe(100);
  });
});
