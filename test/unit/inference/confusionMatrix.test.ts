import { expect, test } from '@jest/globals';
import { ConfusionMatrix } from '#inference/confusionMatrix.js';

test('counts as worked out by hand', () => {
  const confusion = new ConfusionMatrix(3);
  //                         truth                          predicted
  confusion.add(Uint8Array.of(0, 0, 0, 1, 1, 11), Uint8Array.of(0, 0, 1, 1, 255, 0));
  // Class 0: 2 of 3 hit, 3 predicted or true. Class 1: 1 hit, 3 in the union. Class 2 occurs nowhere.
  expect(confusion.iou()).toEqual([(100 * 2) / 3, (100 * 1) / 3, NaN]);
  expect(confusion.meanIou()).toBeCloseTo(50);
  expect(confusion.accuracy()).toBeCloseTo(60);
  expect(confusion.unlabelled).toBe(1);
  expect(confusion.leftOut).toBe(1);
  expect(confusion.shares()).toEqual([40, 40, 0]);
});

test('refuses pictures of different sizes', () => {
  expect(() => {
    new ConfusionMatrix(2).add(new Uint8Array(4), new Uint8Array(5));
  }).toThrow(RangeError);
});
