import { describe, expect, test } from '@jest/globals';
import { readLayerReport } from '#inference/engine/layerReport.js';
import {
  bannerVersion,
  deviceOf,
  isFalsePass,
  lastErrors,
  phaseOf,
  remedyOf,
} from '#inference/engine/trtexecLog.js';

const TIME = '[01/01/1970-03:47:30] ';

describe('the log of trtexec', () => {
  test.each([
    ['&&&& RUNNING TensorRT.trtexec [TensorRT v100300] # trtexec --help', '10.3.0'],
    ['&&&& PASSED TensorRT.trtexec [TensorRT v101602] [b38] # trtexec', '10.16.2'],
    ['&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # ./trtexec', '8.6.1'],
    ['&&&& RUNNING TensorRT.trtexec [TensorRT v110000]', '11.0.0'],
    ['TensorRT v100300', undefined],
  ])('%s is of %s', (line, version) => {
    expect(bannerVersion(`${line}\n`)).toBe(version);
  });

  test('the device', () => {
    const lines = ['Selected Device: Orin', 'Selected Device ID: 0', 'Compute Capability: 8.7', 'SMs: 8'];
    const log = (kept: string[]): string => kept.map((line) => `${TIME}[I] ${line}\n`).join('');
    expect(deviceOf(log(lines))).toEqual({ name: 'Orin', sms: 8, computeCapability: '8.7' });
    expect(deviceOf(log(lines.slice(0, 3)))).toBeUndefined();
    expect(deviceOf(log([...lines.slice(0, 3), 'SMs: many']))).toBeUndefined();
  });

  test('phases', () => {
    expect(phaseOf(`${TIME}[I] Start parsing network model.`)).toBe('reading the model');
    expect(phaseOf(`${TIME}[I] [TRT] Local timing cache in use. Profiling`)).toBe('timing kernels');
    expect(phaseOf(`${TIME}[I] [TRT] Engine generation completed in 81 seconds.`)).toBe('saving');
    expect(phaseOf(`${TIME}[I] anything`)).toBeUndefined();
  });

  test('errors: the first ones and the last, without times and control characters', () => {
    const log = ['[I] fine', '[E] cause\u001b[2J', '[E] second', '[E] third', '[E] failed', '[I] end']
      .map((line) => TIME + line)
      .join('\n');
    expect(lastErrors(log)).toBe('cause [2J | second | failed');
    expect(lastErrors('a\nb\nc\n&&&& FAILED x')).toBe('b | c');
    expect(remedyOf('[E] Unknown option: --int8')).toMatch(/TensorRT 10/);
    expect(isFalsePass(`${TIME}[W] x\n${TIME}[E] Engine deserialization failed`)).toBe(true);
    expect(isFalsePass(`${TIME}[E] OutOfMemory\n${TIME}[I] Engine deserialized in 1 sec`)).toBe(false);
  });
});

describe('the report of layers', () => {
  const conv = (type: string, weights?: string): object => ({
    Name: type,
    LayerType: 'CaskConvolution',
    Inputs: [{ 'Format/Datatype': type }],
    ...(weights === undefined ? {} : { Weights: { Type: weights } }),
  });

  test('counts convolutions by what they take in and weigh with', () => {
    const layers = [
      conv('Row major Int8 format', 'Int8'),
      conv('Int8 without weights told'),
      conv('Int8 fed, halves inside', 'Half'),
      conv('FP16', 'Half'),
      { Name: 'pool', LayerType: 'CaskPooling' },
    ];
    const report = readLayerReport(JSON.stringify({ Layers: layers, Bindings: [] }));
    expect(report).toMatchObject({ layers: 5, int8: { length: 2 } });
    expect(report.others).toEqual([
      { name: 'Int8 fed, halves inside', type: 'Int8 fed, halves inside, weights Half' },
      { name: 'FP16', type: 'FP16, weights Half' },
    ]);
  });

  test.each(['', '[]', '{"Layers": ["conv", "relu"]}', '{"Layers": [3]}', '{"Layers": []}'])(
    'refuses %j',
    (text) => {
      expect(() => readLayerReport(text)).toThrow(/^(?:is no|has names)/);
    },
  );
});
