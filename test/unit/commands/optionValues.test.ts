import { expect, test } from '@jest/globals';
import { decimal, notEmpty, pictureSize, text, whole } from '#commands/optionValues.js';

test('whole numbers and decimals, in digits', () => {
  expect(['1', '+7', '007', '100'].map(whole(1, 100))).toEqual([1, 7, 7, 100]);
  expect(['0.5', '.5', '5.', '+2', '10'].map(decimal(0.5, 10))).toEqual([0.5, 0.5, 5, 2, 10]);
});

test.each([
  '',
  ' ',
  '0',
  '-1',
  '101',
  '9'.repeat(30),
  'many',
  '1e1',
  '0x10',
  '1_0',
  'NaN',
  'Infinity',
  '--json',
])('no number from 1 to 100: %j', (value) => {
  expect(() => whole(1, 100)(value)).toThrow('Give a whole number from 1 to 100.');
  expect(() => decimal(1, 100)(value)).toThrow('Give a number from 1 to 100.');
});

test('no fractions of whole numbers', () => {
  expect(() => whole(1, 100)('1.5')).toThrow('Give a whole number');
});

test('sizes', () => {
  expect(pictureSize('640x480')).toEqual({ width: 640, height: 480 });
  for (const value of [
    '0x0',
    '-64x48',
    '64',
    '64x',
    '9000x48',
    '8x8',
    '64x48x3',
    '6.4x48',
    'wide',
    '',
    '1e2x64',
  ])
    expect(() => pictureSize(value)).toThrow('Give it as 640x480');
});

test('an option or nothing in place of a value', () => {
  expect(['a b', '-', './--json', '-5'].map(text)).toEqual(['a b', '-', './--json', '-5']);
  for (const value of ['', '-o', '--json']) expect(() => text(value)).toThrow('Its value is missing');
  expect(notEmpty('-o')).toBe('-o');
  expect(() => notEmpty('')).toThrow('Its value is missing');
});
