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
  const times = (count: number, frame: [number, number]): [number, number][] =>
    Array.from({ length: count }, () => frame);

  test('keeps a label against doubtful others that come and go', () => {
    const frames = [
      ...times(10, [1, 120]),
      ...times(5, [2, 120]).flatMap((other) => [other, ...times(2, [1, 110])]),
    ];
    expect(shown(0.7, frames)).toEqual(frames.map(() => 1));
  });

  test('lets a certain change through at once', () => {
    expect(shown(0.9, [...times(10, [1, 250]), [2, 150], [1, 160]]).slice(-3)).toEqual([1, 2, 1]);
  });

  test('lets a doubtful change through when it lasts', () => {
    const result = shown(0.7, [...times(20, [1, 120]), ...times(6, [2, 100])]).slice(20);
    expect(result).toEqual([1, 1, 2, 2, 2, 2]);
  });

  test('shows what is unlabelled, and forgets all when the picture lies elsewhere', () => {
    expect(shown(0.98, [...times(20, [1, 200]), [255, 0], [1, 200]]).slice(-2)).toEqual([255, 1]);
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

  test('a kept label is as certain as the evidence for it', () => {
    const steadier = new Steadier(1);
    for (let i = 0; i < 50; i++) steadier.apply(Uint8Array.of(1), Uint8Array.of(200), 0.5, '');
    const confidence = Uint8Array.of(30);
    steadier.apply(Uint8Array.of(2), confidence, 0.5, '');
    expect(confidence[0]).toBe(100 - 15);
  });
});
