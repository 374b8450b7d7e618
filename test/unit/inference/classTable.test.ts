import { describe, expect, test } from '@jest/globals';
import { type ClassRules, classTable, NO_RULES } from '#inference/classTable.js';
import type { Manifest } from '#inference/manifest.js';

const MANIFEST = {
  classes: [
    { name: 'road', color: [1, 2, 3] },
    { name: 'car', color: [4, 5, 6] },
    { name: 'person', color: [7, 8, 9] },
    { name: 'sky', color: 'none' },
  ],
} as unknown as Manifest;

function table(rules: Partial<ClassRules>) {
  const result = classTable(MANIFEST, { ...NO_RULES, ...rules });
  const color = (id: number): number[] => [...result.palette.subarray(4 * id, 4 * id + 4)];
  return { ...result, ids: [...result.lut.subarray(0, 5)], color };
}

describe('classes', () => {
  test('come out as they are without rules', () => {
    const { ids, names, color } = table({});
    expect(ids).toEqual([0, 1, 2, 3, 255]);
    expect([...names]).toEqual([
      [0, 'road'],
      [1, 'car'],
      [2, 'person'],
      [3, 'sky'],
    ]);
    expect([color(0), color(3), color(4), color(255)]).toEqual([
      [1, 2, 3, 255],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test('that are ignored are unlabelled, without colour, and not among the names', () => {
    const { ids, names, color } = table({ ignore: ['car'] });
    expect(ids).toEqual([0, 255, 2, 3, 255]);
    expect([...names.keys()]).toEqual([0, 2, 3]);
    expect(color(1)).toEqual([0, 0, 0, 0]);
  });

  test('can become each other, and new ones', () => {
    const rules = new Map([
      ['car', 'obstacle'],
      ['person', 'obstacle'],
      ['sky', 'road'],
    ]);
    const { ids, names, color } = table({ remap: rules });
    expect(ids).toEqual([0, 4, 4, 0, 255]);
    expect([...names]).toEqual([
      [0, 'road'],
      [4, 'obstacle'],
    ]);
    expect([color(1), color(2), color(3)]).toEqual([
      [4, 5, 6, 255],
      [4, 5, 6, 255],
      [1, 2, 3, 255],
    ]);
  });

  test('change places', () => {
    const { ids, names } = table({
      remap: new Map([
        ['car', 'person'],
        ['person', 'car'],
      ]),
    });
    expect(ids).toEqual([0, 2, 1, 3, 255]);
    expect([...names.keys()]).toEqual([0, 1, 2, 3]);
  });

  test('make groups, by their old names and by their new ones; ignored ones belong to none', () => {
    const { groups } = table({
      ignore: ['sky'],
      remap: new Map([['person', 'alive']]),
      groups: new Map([
        ['old', ['person', 'sky']],
        ['new', ['alive', 'road']],
      ]),
    });
    expect([...groups.keys()]).toEqual(['old', 'new']);
    expect([...groups.get('old')!.subarray(0, 5)]).toEqual([0, 0, 255, 0, 0]);
    expect([...groups.get('new')!.subarray(0, 5)]).toEqual([255, 0, 255, 0, 0]);
    expect(groups.get('new')![255]).toBe(0);
  });
});

test.each<[Partial<ClassRules>, string]>([
  [{ ignore: ['Car'] }, 'ignore: the model has no class "Car"; did you mean "car"?'],
  [
    { remap: new Map([['tree', 'road']]) },
    'remap: the model has no class "tree"; it has road, car, person, sky',
  ],
  [
    { groups: new Map([['people', ['persona']]]) },
    'group people: the model has no class "persona"; did you mean "person"?',
  ],
])('%p is refused', (rules, message) => {
  expect(() => table(rules)).toThrow(message);
});
