import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parameterFile, parameterPage, topicPage } from '#node/reference.js';
import { PARAMETER_NAMES, PARAMETERS } from '#node/parameterTable.js';

function stored(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

test.each([
  ['config/attendseg.yaml', parameterFile()],
  ['docs/parameters.md', parameterPage()],
  ['docs/topics.md', topicPage()],
])('%s is what the tables say (else: node scripts/reference.mjs)', (path, text) => {
  expect(stored(path)).toBe(text);
});

test('the parameter file has every default, and each is allowed', () => {
  const file = parse(stored('config/attendseg.yaml')) as Record<
    string,
    { ros__parameters: Record<string, never> }
  >;
  const values = file['/**']!.ros__parameters;
  expect(Object.keys(values)).toEqual(PARAMETER_NAMES);
  for (const name of PARAMETER_NAMES) {
    const value = PARAMETERS[name].default;
    // ROS has no empty lists of strings.
    expect(values[name]).toEqual(Array.isArray(value) && value.length === 0 ? [''] : value);
    expect(() => PARAMETERS[name].parse(values[name]!)).not.toThrow();
  }
});

test.each([
  ['fit', 'crop'],
  ['provider', 'cuda'],
  ['mask_size', '640'],
  ['mask_size', '8x8'],
  ['mask_size', '640x99999'],
  ['overlay_opacity', 1.1],
  ['overlay_opacity', NaN],
  ['threads', -1],
] as const)('%s refuses %s', (name, value) => {
  expect(() => PARAMETERS[name].parse(value)).toThrow();
});

test('mask_size takes a size', () => {
  expect(PARAMETERS.mask_size.parse('1920x1080')).toEqual({ width: 1920, height: 1080 });
});
