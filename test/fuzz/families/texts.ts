import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { readManifest } from '#inference/manifest.js';
import { readManifestText } from '#inference/manifestText.js';
import { ModelError } from '#inference/modelError.js';
import { readParameterFile } from '#node/parameterFile.js';
import { checkYamlDepth } from '#yamlDepth';
import { type Family, tellsOfMistake } from '../family.js';
import { mutateText } from '../mutate.js';
import { ROOT } from '../root.js';

const BOUND = 64 * 2 ** 20;

const OTHER_MANIFEST = `name: other
input: {layout: nchw_float32, name: x, width: 32, height: 32, range: 255, mean: [1, 2, 3], std: [4, 5, 6]}
output: {kind: logits, logits: y, layout: nhwc, temperature: 1.5}
files: {cpu: {path: other.onnx, data: [{path: weights.bin}]}}
classes: &all [{name: a, color: none}, {name: b, color: [1, 2, 3]}]
`;

/** What YAML can do and no manifest does: aliases that grow, and depth. */
const HOSTILE = [
  `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghi'
    .split('')
    .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]!}`).join(', ')}]\n`)
    .join('')}`,
  `name: ${'['.repeat(3000)}`,
  `name: {<<: &x {y: 1}, <<: *x}\nclasses: !!binary aGVsbG8=\n`,
];

/** manifest.yaml of a model. */
export function openManifest(folder: string): Promise<Family> {
  const shipped = readFileSync(join(ROOT, 'models/attendseg_camvid/manifest.yaml'));
  const examples = [
    ...Array<Buffer>(8).fill(shipped),
    ...Array<Buffer>(8).fill(Buffer.from(OTHER_MANIFEST)),
    ...HOSTILE.map((text) => Buffer.from(text)),
  ];
  const path = join(folder, 'manifest.yaml');
  return Promise.resolve({
    bound: BOUND,
    generate: (random) => mutateText(examples, random),
    decode: (input, passed) => {
      writeFileSync(path, input);
      readManifestText(path);
      passed();
      readManifest(path);
    },
    isDeclared: (error) => error instanceof ModelError && !tellsOfMistake(error.message),
  });
}

/** Files of parameters, as `--params-file` takes them. */
export function openParameters(folder: string): Promise<Family> {
  const names = ['attendseg.yaml', 'profiles/nav2.yaml', 'profiles/bag.yaml'];
  const shipped = names.map((name) => readFileSync(join(ROOT, 'config', name)));
  const short =
    '/**:\n  ros__parameters:\n    a: 1\n    b: [1.5, 2]\n    c: {d: true, e: "x"}\n/ns/*:\n  n:\n    ros__parameters: {f: [y, no]}\n';
  const examples = [
    ...shipped,
    ...Array<Buffer>(8).fill(Buffer.from(short)),
    ...HOSTILE.map((text) => Buffer.from(text)),
  ];
  const path = join(folder, 'parameters.yaml');
  return Promise.resolve({
    bound: BOUND,
    generate: (random) => mutateText(examples, random),
    decode: (input, passed) => {
      writeFileSync(path, input);
      const text = Buffer.from(input).toString('utf8');
      if (isYaml(text)) passed();
      readParameterFile(path);
    },
    isDeclared: (error) =>
      error instanceof Error &&
      error.message.startsWith(`parameter file ${path}: `) &&
      !(error.cause instanceof TypeError) &&
      !tellsOfMistake(error.message),
  });
}

function isYaml(text: string): boolean {
  try {
    // The parser aborts the process where its stack ends in a regular expression: also here, where nobody minds the text.
    checkYamlDepth(text);
    const documents = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' });
    return Array.isArray(documents) && documents.every(({ errors }) => errors.length === 0);
  } catch {
    return false;
  }
}
