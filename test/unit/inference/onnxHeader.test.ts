import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxFormatError, readOnnxHeader } from '#inference/onnxHeader.js';
import { shippedModel } from '#inference/shippedModel.js';

const shipped = readFileSync(join(shippedModel(), 'attendseg_camvid_cpu_u8.onnx'));

/** A field of bytes: text, or a message. */
function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
}
/** A field of a number below 128. */
const count = (number: number, value: number): Buffer => Buffer.from([number * 8, value]);
const opset = (domain: string, version: number): Buffer =>
  field(8, Buffer.concat([field(1, domain), count(2, version)]));
const external = (location: string): Buffer =>
  Buffer.concat([field(13, Buffer.concat([field(1, 'location'), field(2, location)])), count(14, 1)]);

describe('header of an ONNX file', () => {
  test('of the shipped model', () => {
    expect(readOnnxHeader(shipped)).toMatchObject({ externalData: [] });
    expect(readOnnxHeader(shipped).opset).toBeGreaterThanOrEqual(13);
  });

  test('in any order, with what is not known in between', () => {
    const file = Buffer.concat([
      field(7, field(1, field(4, 'Relu'))),
      opset('com.microsoft', 1),
      Buffer.from([15 * 8 + 5, 1, 2, 3, 4]),
      opset('', 17),
      field(2, 'pytorch'),
      field(3, '2.4'),
      count(1, 8),
    ]);
    expect(readOnnxHeader(file)).toEqual({
      irVersion: 8,
      producer: 'pytorch 2.4',
      opset: 17,
      externalData: [],
    });
  });

  test('finds weights elsewhere in initializers, constants, branches and sparse tensors, once each', () => {
    const attribute = (content: Buffer): Buffer => field(1, field(5, content));
    const graph = Buffer.concat([
      field(5, external('a')),
      field(5, external('a')),
      attribute(field(5, external('b'))),
      attribute(field(6, field(5, external('c')))),
      field(15, field(1, external('d'))),
      field(5, field(13, Buffer.concat([field(1, 'offset'), field(2, '12')]))),
    ]);
    const file = Buffer.concat([count(1, 8), field(7, graph)]);
    expect(readOnnxHeader(file).externalData).toEqual(['a', 'b', 'c', 'd']);
  });

  test('says that a file is cut', () => {
    expect(() => readOnnxHeader(shipped.subarray(0, shipped.length >> 1))).toThrow(/is cut: \d+ bytes/);
  });

  test.each([
    ['nothing', ''],
    ['text', 'version https://git-lfs.github.com/spec/v1\n'],
    ['zeros', '\0'.repeat(100)],
    ['no graph', count(1, 8)],
  ])('refuses %s', (_, content) => {
    expect(() => readOnnxHeader(Buffer.from(content))).toThrow(OnnxFormatError);
  });

  test('ends for any bytes, graphs in graphs among them', () => {
    let nested: Buffer = Buffer.alloc(0);
    for (let i = 0; i < 40; i++) {
      const length = (content: Buffer, number: number): Buffer =>
        Buffer.concat([
          Buffer.from([number * 8 + 2, (content.length & 127) | 128, content.length >> 7]),
          content,
        ]);
      nested = length(length(length(nested, 6), 5), 1);
    }
    const file = Buffer.concat([
      count(1, 8),
      Buffer.from([7 * 8 + 2, (nested.length & 127) | 128, nested.length >> 7]),
      nested,
    ]);
    expect(() => readOnnxHeader(file)).toThrow(/never end/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readOnnxHeader(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(OnnxFormatError);
        }
      }),
    );
  });
});
