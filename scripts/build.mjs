// Builds dist/ (the program and its WebAssembly kernels), street/ and demo/, and the tests. Quick when nothing changed.
//   node scripts/build.mjs [--product]    --product: the program alone
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const kernels = join(root, 'ros2_ws/src/attendseg_node/src/vision/assembly');
const wasm = join(root, 'dist/vision/kernels.wasm');

function run(script, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const newest = Math.max(...readdirSync(kernels).map((name) => statSync(join(kernels, name)).mtimeMs));
if (!existsSync(wasm) || statSync(wasm).mtimeMs < newest) {
  mkdirSync(join(root, 'dist/vision'), { recursive: true });
  run('assemblyscript/bin/asc.js', [
    join(kernels, 'kernels.ts'),
    '--outFile',
    wasm,
    '--runtime',
    'stub',
    '--noAssert',
    '-O3',
    '--enable',
    'simd',
    '--initialMemory',
    '16',
  ]);
}
run('typescript/bin/tsc', [
  '-b',
  ...(process.argv.includes('--product') ? ['ros2_ws/src/attendseg_node'] : []),
]);
