import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readManifest } from '#inference/manifest.js';
import { readParameterFile } from '#node/parameterFile.js';
import { readMetadata } from '#recording/bagMetadata.js';
import { latchedDepth } from '#recording/offeredQos.js';
import { checkYamlDepth } from '#yamlDepth';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deep-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const CAUSE = 'has more than 64 lists and maps inside each other';
const DEEP: Record<string, string> = {
  'flow lists': '['.repeat(3000),
  'flow maps': '{a: '.repeat(3000),
  lists: '- '.repeat(3000),
  maps: Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
  keys: '? '.repeat(3000),
  'lists that are left open': `name: ${'['.repeat(3000)}\n...: ${'['.repeat(3000)}`,
  'lists behind ends of none': `a: 1\n${']'.repeat(100)}\nb: ${'['.repeat(3000)}`,
  'lists that begin far to the right': `a:\n${' '.repeat(257)}- 1\n`,
  'one too many': `${'['.repeat(65)}${']'.repeat(65)}`,
};

// Unchecked, some of them end the process: V8 aborts where the stack ends inside a regular expression.
describe.each(Object.keys(DEEP))('YAML of %s without end is refused in words', (name) => {
  const text = DEEP[name]!;
  const file = (called: string): string => {
    const path = join(folder, called);
    writeFileSync(path, text);
    return path;
  };

  test('as a manifest', () => {
    expect(() => readManifest(file('manifest.yaml'))).toThrow(CAUSE);
  });
  test('as parameters', () => {
    expect(() => readParameterFile(file('parameters.yaml'))).toThrow(CAUSE);
  });
  test("as a bag's metadata and quality of service", async () => {
    file('metadata.yaml');
    await expect(readMetadata(folder)).rejects.toThrow(CAUSE);
    expect(() => latchedDepth(text)).toThrow(CAUSE);
  });
});

test('what is not that deep is read', () => {
  expect(latchedDepth('- {durability: 1, depth: 3}')).toBe(3);
  const path = join(folder, 'flat.yaml');
  writeFileSync(path, `/**:\n  ros__parameters:\n    a: "${'['.repeat(3000)}"\n`);
  expect(readParameterFile(path)[0]?.parameters).toEqual([['a', '['.repeat(3000)]]);
});

const FAR = ' '.repeat(300);

test.each([
  ['a text', `a: |\n${FAR}- [ [\n`],
  ['a text that goes on', `a: b\n${FAR}- c\n`],
  ['a comment', `a: b\n${FAR}# - [ [\n`],
  ['a list that goes on', `a: [1,\n${FAR}2]\n`],
  ['a long list', `a: [${'[1], '.repeat(500)}]\n`],
])('%s is not deep for standing far to the right', (_, text) => {
  expect(() => {
    checkYamlDepth(text);
  }).not.toThrow();
});
