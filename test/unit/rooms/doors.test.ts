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

/** A room, or one file of it. */
async function reported(place: string, code: string): Promise<boolean> {
  const folder = /^(?:street|demo)\b/.test(place) ? place : `ros2_ws/src/attendseg_node/src/${place}`;
  const filePath = `${root}/${folder.endsWith('.ts') ? folder : `${folder}/example.ts`}`;
  const [result] = await eslint.lintText(code, { filePath });
  expect(result!.messages.filter(({ fatal }) => fatal)).toEqual([]);
  return result!.messages.length > 0;
}

const STREET = '#street/street.js';
const DEMO = '../../../../../demo/dist/record.js';

const SHUT: [room: string, specifier: string][] = [
  ['vision', '../inference/segmenter.js'],
  ['vision', '../node/camera.js'],
  ['vision', '../commands/evaluate.js'],
  ['vision', '../recording/imageCdr.js'],
  ['vision', STREET],
  ['vision', DEMO],
  ['vision', 'rclnodejs'],
  ['vision', 'onnxruntime-node'],
  ['inference', '../node/camera.js'],
  ['inference', '../commands/evaluate.js'],
  ['inference', '../recording/imageCdr.js'],
  ['inference', STREET],
  ['inference', DEMO],
  ['inference', 'rclnodejs'],
  ['recording', '../inference/segmenter.js'],
  ['recording', '../node/camera.js'],
  ['recording', '../commands/evaluate.js'],
  ['recording', STREET],
  ['recording', DEMO],
  ['recording', 'rclnodejs'],
  ['recording', 'onnxruntime-node'],
  ['node', '../commands/evaluate.js'],
  ['node', STREET],
  ['node', '../../../../../street/dist/street.js'],
  ['node', DEMO],
  ['node', 'rclnodejs'],
  ['node', 'onnxruntime-node'],
  ['node/ros.ts', 'onnxruntime-node'],
  ['node/ros.ts', STREET],
  ['commands', STREET],
  ['commands', '../../../../../street/dist/street.js'],
  ['commands', DEMO],
  ['commands', 'rclnodejs'],
  ['commands', 'onnxruntime-node'],
  ['cli.ts', STREET],
  ['cli.ts', '../../../../demo/dist/demo.js'],
  ['cli.ts', 'rclnodejs'],
  ['cli.ts', 'onnxruntime-node'],
  ['street/src', '#vision/encodings.js'],
  ['street/src', '../../dist/inference/segmenter.js'],
  ['street/src', '../../dist/recording/imageCdr.js'],
  ['street/src', '../../dist/node/camera.js'],
  ['street/src', '../../dist/commands/evaluate.js'],
  ['street/src', '../../demo/dist/record.js'],
  ['street/src', 'rclnodejs'],
  ['street/src', 'onnxruntime-node'],
  ['street/test', '#vision/encodings.js'],
  ['demo/src', 'rclnodejs'],
  ['demo/src', 'onnxruntime-node'],
  ['demo/src/graph.ts', 'onnxruntime-node'],
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
  ['node/ros.ts', 'rclnodejs'],
  ['commands', '../node/camera.js'],
  ['cli.ts', './commands/evaluate.js'],
  ['street/src', './street.js'],
  ['street/src', 'sharp'],
  ['demo/src', '#commands/readPicture.js'],
  ['demo/src', '#node/imageMessage.js'],
  ['demo/src', '#inference/manifest.js'],
  ['demo/src', STREET],
  ['demo/src/graph.ts', 'rclnodejs'],
  ['demo/src/graph.ts', '#recording/imageCdr.js'],
];

test.each(OPEN)('%s may import %s', async (room, specifier) => {
  expect(await reported(room, `import '${specifier}';\nexport const later = import('${specifier}');`)).toBe(
    false,
  );
});

const PLACES = ['vision', 'inference', 'recording', 'node', 'node/ros.ts', 'commands', 'cli.ts', 'demo/src'];

const REFUSED = [
  "import { exec } from 'node:child_process'; exec('ls');",
  "import { execSync as run } from 'child_process'; run('ls');",
  "import * as children from 'node:child_process'; children.exec('ls');",
  "import children from 'node:child_process'; children.exec('ls');",
  "export * from 'node:child_process';",
  "export const children = await import('node:child_process');",
  "import { spawn } from 'node:child_process'; spawn('ls', [], { shell: true });",
  "import { spawn } from 'node:child_process'; spawn('ls', [], { 'shell': '/bin/dash' });",
  "import { spawn } from 'node:child_process'; spawn('sh', ['-c', 'ls']);",
  "import { execFileSync } from 'node:child_process'; execFileSync('/bin/bash', ['-c', 'ls']);",
  "import { createServer } from 'node:net'; createServer().listen(80);",
  "import { createServer } from 'http'; createServer().listen(80);",
  "import { createSecureServer } from 'node:http2'; createSecureServer().listen(80);",
  "import { createSocket } from 'node:dgram'; createSocket('udp4').bind(80);",
  "import { open } from 'node:inspector/promises'; open();",
  "export const { createServer } = await import('node:net');",
  "process.getBuiltinModule('node:net').createServer();",
];

test.each(REFUSED)('no shell and no listener: %s', async (code) => {
  for (const place of PLACES) expect([place, await reported(place, code)]).toEqual([place, true]);
});

test('programs are started with a list of arguments', async () => {
  const code = "import { fork, spawn } from 'node:child_process'; spawn('ffmpeg', ['-v']); fork('x.js');";
  for (const place of PLACES) expect([place, await reported(place, code)]).toEqual([place, false]);
});
