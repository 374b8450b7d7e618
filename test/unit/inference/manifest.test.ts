import { afterAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classTable, NO_RULES } from '#inference/classTable.js';
import { readManifest } from '#inference/manifest.js';
import { readModelFile } from '#inference/modelFile.js';
import { ModelError } from '#inference/modelError.js';
import { shippedModel } from '#inference/shippedModel.js';

const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const GOOD = `
name: two
input: { layout: nchw_float32, width: 64, height: 48, mean: [0.5, 0.5, 0.5] }
output: { kind: logits }
files: { cpu: { path: two.onnx } }
classes:
  - { name: floor, color: [1, 2, 3] }
  - { name: wall, color: [4, 5, 6] }
`;

function written(text: string | Uint8Array): string {
  writeFileSync(join(folder, 'manifest.yaml'), text);
  return folder;
}

test('fills in defaults', () => {
  const manifest = readManifest(written(GOOD));
  expect(manifest.input).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [1, 1, 1] });
  expect([...classTable(manifest, NO_RULES).palette.subarray(0, 12)]).toEqual([
    1, 2, 3, 255, 4, 5, 6, 255, 0, 0, 0, 0,
  ]);
  expect([...classTable(manifest, NO_RULES).lut.subarray(0, 4)]).toEqual([0, 1, 255, 255]);
});

test.each([
  [
    'a key with a letter too few',
    GOOD.replace('width', 'widt'),
    /input: unknown key widt; did you mean width\?/,
  ],
  ['a key with two letters swapped', GOOD.replace('width', 'widht'), /input: .*did you mean width\?/],
  ['a key in capitals', GOOD.replace('width', 'WIDTH'), /did you mean width\?/],
  [
    'the other spelling of a key',
    `${GOOD}license: MIT\n`,
    /the file: unknown key license; did you mean licence\?/,
  ],
  [
    'a key of a class',
    GOOD.replace('color', 'colour'),
    /classes\.0: unknown key colour; did you mean color\?/,
  ],
  [
    'a key of a file',
    GOOD.replace('two.onnx', 'two.onnx, sha_256: ""'),
    /files\.cpu: .*did you mean sha256\?/,
  ],
  ['a key like no other', `${GOOD}batch: 1\n`, /the file: unknown key batch; known are name, description, /],
  [
    'a key of another layout',
    GOOD.replace('nchw_float32', 'hwc_uint8'),
    /input: mean is only for layout nchw_float32, nhwc_float32/,
  ],
  [
    'a key of another kind',
    GOOD.replace('kind: logits', 'kind: logits, threshold: 0.5'),
    /output: threshold is only for kind sigmoid/,
  ],
  ['two unknown keys', `${GOOD}nam: a\nclases: b\n`, /did you mean name\?; .*did you mean classes\?/],
  ['back-slashes', GOOD.replace('two.onnx', 'a\\two.onnx'), /files\.cpu\.path: has \\ .* write \/ instead/],
  ['a drive', GOOD.replace('two.onnx', 'C:/two.onnx'), /files\.cpu\.path: names a drive/],
  [
    'a path that is a comment',
    GOOD.replace('{ path: two.onnx }', '\n   path: #1.onnx\n '),
    /need quotes|YAML/,
  ],
  ['a path that is nothing', GOOD.replace('two.onnx', '~'), /files\.cpu\.path: .*need quotes/],
  [
    'a hash that is a number',
    GOOD.replace('two.onnx', `two.onnx, sha256: ${'1'.repeat(64)}`),
    /files\.cpu\.sha256: .*in quotes/,
  ],
  ['a class twice', GOOD.replace('wall', 'floor'), /classes: names must differ/],
  ['an unknown key', `${GOOD}colour: red\n`, /colour/],
  ['a colour out of range', GOOD.replace('6]', '256]'), /classes\.1\.color\.2/],
  ['another word for a colour', GOOD.replace('[4, 5, 6]', 'nothing'), /classes\.1\.color: must .* or none/],
  ['no colour where there should be one', GOOD.replace('[4, 5, 6]', '~'), /classes\.1\.color: must/],
  ['no file', GOOD.replace('{ cpu: { path: two.onnx } }', '{}'), /files: must name cpu, tensorrt or both/],
  ['no size', GOOD.replace('width: 64, ', ''), /input\.width/],
  ['one class', GOOD.replace(/ {2}- \{ name: wall.*\n/, ''), /classes/],
  ['a mean of bytes', GOOD.replace('0.5, 0.5', '123.7, 0.5'), /input\.mean: 123\.7 is .* add range: 255/],
  ['a deviation of bytes', GOOD.replace('mean:', 'std: [58, 57, 57], mean:'), /input\.std: 58 .*range: 255/],
  ['another range', GOOD.replace('mean:', 'range: 256, mean:'), /input\.range/],
  ['another order of channels', GOOD.replace('mean:', 'channels: brg, mean:'), /input\.channels/],
  ['a mean for bytes that go in as they are', GOOD.replace('nchw_float32', 'hwc_uint8'), /mean/],
  [
    'a threshold that is no probability',
    GOOD.replace('kind: logits', 'kind: sigmoid, threshold: 1.5'),
    /output\.threshold/,
  ],
  [
    'three classes of one channel',
    `${GOOD.replace('kind: logits', 'kind: sigmoid')}  - { name: sky, color: [7, 8, 9] }\n`,
    /classes: must be two/,
  ],
  ['no YAML', 'name: [', /not YAML/],
])('refuses %s', (_, text, message) => {
  expect(() => readManifest(written(text))).toThrow(message);
  expect(() => readManifest(folder)).toThrow(ModelError);
  expect(() => readManifest(folder)).toThrow(join(folder, 'manifest.yaml'));
});

test('a class without colour is nothing in the palette, and still a class', () => {
  const manifest = readManifest(written(GOOD.replace('[1, 2, 3]', 'none')));
  expect([...classTable(manifest, NO_RULES).palette.subarray(0, 8)]).toEqual([0, 0, 0, 0, 4, 5, 6, 255]);
  expect(classTable(manifest, NO_RULES).lut[0]).toBe(0);
});

test('a mean of bytes is taken with its range', () => {
  const { input } = readManifest(written(GOOD.replace('0.5, 0.5, 0.5]', '123, 116, 103], range: 255')));
  expect(input).toMatchObject({ range: 255, mean: [123, 116, 103], channels: 'rgb' });
});

test('names a manifest that is not there', () => {
  expect(() => readManifest(join(folder, 'nowhere'))).toThrow(/nowhere: cannot be read \(ENOENT\)/);
});

test('checks the hash of a file', () => {
  const bytes = Buffer.from('not really a network');
  writeFileSync(join(folder, 'two.onnx'), bytes);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const withHash = (sha256: string): string => GOOD.replace('two.onnx', `two.onnx, sha256: "${sha256}"`);
  expect(readModelFile(readManifest(written(withHash(hash))), 'cpu')).toEqual(bytes);
  expect(() => readModelFile(readManifest(written(withHash('0'.repeat(64)))), 'cpu')).toThrow(
    /two\.onnx: sha256 is/,
  );
  expect(readModelFile(readManifest(written(withHash(hash.toUpperCase()))), 'cpu')).toEqual(bytes);
  expect(() => readModelFile(readManifest(folder), 'tensorrt')).toThrow(/lists no file for tensorrt/);
});

test('a shipped model is found by its name, unless there is a folder of that name', () => {
  expect(readManifest('attendseg_camvid').path).toBe(join(shippedModel(), 'manifest.yaml'));
  expect(() => readManifest('../models/attendseg_camvid')).toThrow(/cannot be read \(ENOENT\)/);
  expect(() => readManifest('attendseg_none')).toThrow(/attendseg_none: cannot be read \(ENOENT\)/);
  const before = process.cwd();
  mkdirSync(join(folder, 'attendseg_camvid'));
  writeFileSync(join(folder, 'attendseg_camvid', 'manifest.yaml'), GOOD);
  process.chdir(folder);
  try {
    expect(readManifest('attendseg_camvid').name).toBe('two');
  } finally {
    process.chdir(before);
  }
});

test('the shipped model is whole', () => {
  const manifest = readManifest(shippedModel());
  for (const which of ['cpu', 'tensorrt'] as const) {
    expect(manifest.files[which]?.sha256).toBeDefined();
    expect(readModelFile(manifest, which).length).toBeLessThan(1.5e6);
  }
  expect(manifest.classes).toHaveLength(11);
});

describe('manifests from Windows', () => {
  const accents = GOOD.replace('wall', 'façade');
  test.each([
    ['a byte order mark', `\ufeff${accents}`],
    ['carriage returns', accents.replaceAll('\n', '\r\n')],
    ['both', `\ufeff${accents.replaceAll('\n', '\r\n')}`],
  ])('with %s', (_, text) => {
    expect(readManifest(written(text))).toEqual(readManifest(written(accents)));
    expect(readManifest(folder).classes[1]!.name).toBe('façade');
  });

  const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
  test.each([
    ['UTF-16 with a mark', Buffer.from(`\ufeff${accents}`, 'utf16le'), /is UTF-16; save it as UTF-8/],
    ['UTF-16, the other order', swapped(`\ufeff${accents}`), /is UTF-16/],
    ['UTF-16 without a mark', Buffer.from(accents, 'utf16le'), /is UTF-16/],
    ['UTF-16, the other order, without a mark', swapped(accents), /is UTF-16/],
    ['another code page', Buffer.from(accents, 'latin1'), /not UTF-8; save it as UTF-8/],
  ])('not in %s', (_, bytes, message) => {
    expect(() => readManifest(written(bytes))).toThrow(message);
    expect(() => readManifest(folder)).toThrow(ModelError);
  });
});

describe('folders', () => {
  test.each(['with spaces', '#1', 'modèle', '~', '~mine', "it's 100% [new]?"])('named %s', (name) => {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, 'manifest.yaml'), GOOD);
    writeFileSync(join(path, 'two.onnx'), 'bytes');
    const manifest = readManifest(path);
    expect(manifest.path).toBe(join(path, 'manifest.yaml'));
    expect(Buffer.from(readModelFile(manifest, 'cpu')).toString()).toBe('bytes');
  });
});
