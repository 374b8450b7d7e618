import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { known, l4tRelease, packageVersion, readBoard, tensorrtVersion } from '#inference/engine/board.js';
import { engineKey, entryName, groundKey, groundOf } from '#inference/engine/engineKey.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'board-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});
const write = (path: string, content: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};

describe('facts of a board', () => {
  test('of a machine that is no Jetson: none, and the first one that is missing is named', () => {
    const facts = readBoard(root);
    expect(facts).toEqual({ board: [] });
    expect(() => known(facts)).toThrow(/libnvinfer/);
  });

  test('from a recorded tree; of a container, whose device tree is hidden', () => {
    write('run/attendseg/compatible', 'nvidia,p3767-0005\0nvidia,tegra234\0');
    write('usr/lib/aarch64-linux-gnu/libnvinfer.so.10.3.0', '');
    write('etc/nv_tegra_release', '# R36 (release), REVISION: 4.3, GCID: 1\n');
    expect(known(readBoard(root))).toMatchObject({
      tensorrt: '10.3.0',
      board: ['nvidia,p3767-0005', 'nvidia,tegra234'],
      l4t: '36.4.3',
    });
  });

  test('does not wait for a pipe, nor read a device without end', () => {
    mkdirSync(join(root, 'etc'));
    execFileSync('mkfifo', [join(root, 'etc/nv_tegra_release')]);
    execFileSync('ln', ['-s', '/dev/zero', join(root, 'var')]);
    expect(readBoard(root).l4t).toBeUndefined();
  });

  test.each([
    [['libnvinfer.so.10', 'libnvinfer.so.10.3.0'], '10.3.0.30-1+cuda12.5', '10.3.0.30'],
    [['libnvinfer.so.10.3.0', 'libnvinfer.so.10.16.2'], '10.3.0.30-1+cuda12.5', '10.16.2'],
    [['libnvinfer_plugin.so.10.3.0'], '10.3.0.30-1', undefined],
    [['libnvinfer.so.10.3.0'], undefined, '10.3.0'],
    [['libnvinfer.so.10.3.0'], '10.3.01', '10.3.0'],
  ])('TensorRT: %j and package %s is %s', (files, packaged, expected) => {
    expect(tensorrtVersion(files, packaged)).toBe(expected);
  });

  test('L4T from the file, else from the package', () => {
    expect(l4tRelease('# R39 (release), REVISION: 2.0, x', '36.4.3-1')).toBe('39.2.0');
    expect(l4tRelease(undefined, '36.4.3-20250107174145')).toBe('36.4.3');
    expect(l4tRelease('nonsense', undefined)).toBeUndefined();
  });

  test('only installed packages have a version', () => {
    const list = (state: string): string =>
      `Package: libnvinfer10-x\nStatus: install ok installed\nVersion: 9\n\nPackage: libnvinfer10\nStatus: ${state}\nVersion: 10.3.0.30-1\n\nPackage: z\n`;
    expect(packageVersion(list('install ok installed'), 'libnvinfer10')).toBe('10.3.0.30-1');
    expect(packageVersion(list('deinstall ok config-files'), 'libnvinfer10')).toBeUndefined();
    expect(packageVersion(list('install ok installed'), 'libnvinfer')).toBeUndefined();
  });
});

describe('the key of an engine', () => {
  const board = { tensorrt: '10.3.0.30', board: ['a', 'b'], l4t: '36.4.3', powerMode: '0', serial: '1' };
  const ground = groundOf('m', board);
  const device = { name: 'Orin', sms: 8, computeCapability: '8.7' };

  test('changes with each fact, and not with power mode or serial number', () => {
    const keys = [
      engineKey(ground, device),
      engineKey(groundOf('n', board), device),
      ...[{ tensorrt: '10.3.0.31' }, { board: ['a,b'] }, { l4t: '36.4.4' }].map((change) =>
        engineKey(groundOf('m', { ...board, ...change }), device),
      ),
      engineKey(ground, { ...device, sms: 16 }),
      engineKey({ ...ground, flags: ['--fp16'] }, device),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(engineKey(groundOf('m', { ...board, powerMode: '2', serial: '7' }), device)).toBe(keys[0]);
    expect(groundKey(ground)).not.toBe(keys[0]);
  });

  test('a name for files from any name of a model', () => {
    expect(entryName('../Böden v1.2', 'f'.repeat(64))).toBe('B_den_v1_2-ffffffffffffffff');
    expect(entryName('道', 'f'.repeat(64))).toMatch(/^model-f{16}$/);
  });
});
