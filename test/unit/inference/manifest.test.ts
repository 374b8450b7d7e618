import { afterAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classLut, paletteOf, readManifest, readModelFile } from '#inference/manifest.js';
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

function written(text: string): string {
  writeFileSync(join(folder, 'manifest.yaml'), text);
  return folder;
}

test('fills in defaults', () => {
  const manifest = readManifest(written(GOOD));
  expect(manifest.input).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [1, 1, 1] });
  expect([...paletteOf(manifest).subarray(0, 12)]).toEqual([1, 2, 3, 255, 4, 5, 6, 255, 0, 0, 0, 0]);
  expect([...classLut(manifest).subarray(0, 4)]).toEqual([0, 1, 255, 255]);
});

test.each([
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
  expect([...paletteOf(manifest).subarray(0, 8)]).toEqual([0, 0, 0, 0, 4, 5, 6, 255]);
  expect(classLut(manifest)[0]).toBe(0);
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
  expect(() => readModelFile(readManifest(folder), 'tensorrt')).toThrow(/lists no file for tensorrt/);
});

test('the shipped model is whole', () => {
  const manifest = readManifest(shippedModel());
  for (const which of ['cpu', 'tensorrt'] as const) {
    expect(manifest.files[which]?.sha256).toBeDefined();
    expect(readModelFile(manifest, which).length).toBeLessThan(1.5e6);
  }
  expect(manifest.classes).toHaveLength(11);
});
