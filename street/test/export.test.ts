import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { exportStreet } from '../dist/export.js';
import { Street } from '../dist/street.js';

let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'street-'));
});

afterAll(async () => {
  await rm(dir, { recursive: true });
});

test('writes pictures and labels as CamVid is laid out', async () => {
  const names: string[] = [];
  const count = await exportStreet({
    seeds: [4],
    framesPerSeed: 2,
    width: 96,
    height: 72,
    stride: 30,
    samples: 1,
    dir,
    onPicture: (name) => names.push(name),
  });
  expect(count).toBe(2);
  expect(names).toEqual(['street_00004_000', 'street_00004_001']);
  expect((await readdir(join(dir, 'image'))).sort()).toEqual(names.map((name) => `${name}.jpg`));

  const label = sharp(join(dir, 'label', 'street_00004_001.png'));
  expect(await label.metadata()).toMatchObject({ width: 96, height: 72, channels: 1, depth: 'uchar' });
  const { labels } = new Street({ seed: 4, width: 96, height: 72 }).frame(30);
  expect((await label.extractChannel(0).raw().toBuffer()).equals(labels)).toBe(true);

  const picture = await sharp(join(dir, 'image', 'street_00004_001.jpg')).metadata();
  expect(picture).toMatchObject({ width: 96, height: 72, channels: 3, chromaSubsampling: '4:4:4' });
}, 60_000);
