import { expect, test } from '@jest/globals';
import { ESLint } from 'eslint';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(new URL('../../../package.json', import.meta.url)));
const eslint = new ESLint({
  cwd: root,
  // Without types: the doors do not need them, and the files are not on disk.
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: null } },
  },
  ruleFilter: ({ ruleId }) => ruleId.startsWith('no-restricted-'),
});

async function reported(room: string, code: string): Promise<boolean> {
  const filePath = `${root}/ros2_ws/src/attendseg_node/src/${room}/example.ts`;
  const [result] = await eslint.lintText(code, { filePath });
  expect(result!.messages.filter(({ fatal }) => fatal)).toEqual([]);
  return result!.messages.length > 0;
}

const SHUT: [room: string, specifier: string][] = [
  ['vision', '../inference/segmenter.js'],
  ['vision', '../node/camera.js'],
  ['vision', '../commands/demo.js'],
  ['vision', '../recording/imageCdr.js'],
  ['vision', '../street/street.js'],
  ['vision', 'rclnodejs'],
  ['vision', 'onnxruntime-node'],
  ['inference', '../node/camera.js'],
  ['inference', '../commands/demo.js'],
  ['inference', '../recording/imageCdr.js'],
  ['inference', '../street/street.js'],
  ['inference', 'rclnodejs'],
  ['recording', '../inference/segmenter.js'],
  ['recording', '../node/camera.js'],
  ['recording', '../commands/demo.js'],
  ['recording', 'rclnodejs'],
  ['street', '../inference/segmenter.js'],
  ['street', '../node/camera.js'],
  ['street', 'rclnodejs'],
  ['node', '../commands/demo.js'],
  ['node', 'onnxruntime-node'],
  ['commands', 'rclnodejs'],
  ['commands', 'onnxruntime-node'],
];

test.each(SHUT)('%s may not import %s', async (room, specifier) => {
  expect(await reported(room, `import '${specifier}';`)).toBe(true);
  expect(await reported(room, `export * from '${specifier}';`)).toBe(true);
  expect(await reported(room, `export const later = import('${specifier}');`)).toBe(true);
  expect(await reported(room, `export const later = import(\`${specifier}\`);`)).toBe(true);
  expect(await reported(room, `export const later = require('${specifier}');`)).toBe(true);
});

const OPEN: [room: string, specifier: string][] = [
  ['vision', './encodings.js'],
  ['inference', '../vision/pixelEngine.js'],
  ['inference', 'onnxruntime-node'],
  ['recording', '../vision/rawImage.js'],
  ['node', '../inference/segmenter.js'],
  ['node', 'rclnodejs'],
  ['commands', '../node/camera.js'],
  ['commands', '../street/street.js'],
];

test.each(OPEN)('%s may import %s', async (room, specifier) => {
  expect(await reported(room, `import '${specifier}';\nexport const later = import('${specifier}');`)).toBe(
    false,
  );
});
