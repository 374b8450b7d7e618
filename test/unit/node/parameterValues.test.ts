import { expect, test } from '@jest/globals';
import { kindOf, plainValue, show } from '#node/rclValue.js';

test.each([
  ['yes', true],
  ['off', false],
  ['oN', 'oN'],
  ['007', 7n],
  ['010', 8n],
  ['08', 8],
  ['0x10', 16n],
  ['-0x10', -16n],
  ['0b11', '0b11'],
  ['1e3', 1000],
  ['.5', 0.5],
  ['5.', 5],
  ['0x1.8p1', 3],
  ['1_000', '1_000'],
  ['1e400', '1e400'],
  ['1e-310', '1e-310'],
  ['9223372036854775807', 2n ** 63n - 1n],
  ['9223372036854775808', 2 ** 63],
  ['-.inf', -Infinity],
  ['.nan', NaN],
  ['null', 'null'],
  ['2001-12-14', '2001-12-14'],
])('%s is %p', (text, value) => {
  expect(plainValue(text)).toEqual(value);
});

test('values are named and shown with their kind', () => {
  const values = [true, 5n, 5, 0.5, '5', [1n, 2n], [1.5], [], ['a']];
  expect(values.map(kindOf)).toEqual([
    'boolean',
    'integer',
    'double',
    'double',
    'string',
    'integer list',
    'double list',
    'empty list',
    'string list',
  ]);
  expect(values.map(show)).toEqual(['true', '5', '5.0', '0.5', '"5"', '[1, 2]', '[1.5]', '[]', '["a"]']);
});
