import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { blockTimes } from '#inference/blockTimes.js';
import { shippedModel } from '#inference/shippedModel.js';

const OPTIONS = { threads: 1, rounds: 2, runs: 2 };

describe('blockTimes', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'attendseg-blocks-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const index = (...files: string[]): void => {
    const blocks = files.map((file) => ({ file, costs: [1] }));
    writeFileSync(join(folder, 'blocks.json'), JSON.stringify({ size: [360, 480], blocks }));
  };

  test('measures each file and tells how far it is', async () => {
    const model = join(shippedModel(), 'attendseg_camvid_cpu_u8.onnx');
    for (const file of ['000.onnx', '001.onnx']) copyFileSync(model, join(folder, file));
    index('000.onnx', '001.onnx');
    const progress: string[] = [];
    const times = await blockTimes(folder, OPTIONS, (done, of) => progress.push(`${done}/${of}`));
    expect(times.map(({ file }) => file)).toEqual(['000.onnx', '001.onnx']);
    for (const { milliseconds } of times) expect(milliseconds).toBeGreaterThan(1);
    expect(progress).toEqual(['1/4', '2/4', '3/4', '4/4']);
  });

  test.each([
    ['no index', [], /blocks\.json: cannot be read \(ENOENT\)/],
    ['a path out of the folder', ['../a.onnx', 'b.onnx'], /blocks\.json: .*a folder that/],
    ['a file that is none', ['a.onnx', 'b.onnx'], /a\.onnx: cannot be run: /],
  ])('refuses %s', async (_, files, message) => {
    if (files.length > 0) index(...files);
    await expect(blockTimes(folder, OPTIONS, () => undefined)).rejects.toThrow(message);
  });
});
