// Builds dist/ (the program and its WebAssembly kernels), street/ and demo/, and the tests. Quick when nothing changed.
//   node scripts/build.mjs [--product]    --product: the program alone
// What a killed build has left is removed first: the compilers' own records take half a file for a whole one.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const kernels = join(root, 'ros2_ws/src/attendseg_node/src/vision/assembly');
const wasm = join(root, 'dist/vision/kernels.wasm');
const unfinished = `${wasm}.${process.pid}.part`;
const OUTPUTS = ['dist', 'dist-test', 'demo/dist', 'street/dist', 'street/dist-test'];
/** There while a build of this process id runs, and after one that was killed. */
const MARK = 'dist/.building.';

function run(script, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  // A compiler that was killed leaves the mark.
  if (status === null) process.exit(1);
  if (status !== 0) finish(status);
}

function finish(status) {
  rmSync(unfinished, { force: true });
  rmSync(join(root, `${MARK}${process.pid}`), { force: true });
  process.exit(status);
}

/** Is the build of this process id still running? Ids are used again, in containers soon. */
function isBuilding(pid) {
  try {
    return Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('build.mjs');
  } catch {
    return false;
  }
}

mkdirSync(join(root, 'dist/vision'), { recursive: true });
const others = readdirSync(join(root, 'dist'))
  .map((name) => `dist/${name}`)
  .filter((path) => path.startsWith(MARK))
  .map((path) => isBuilding(path.slice(MARK.length)));
if (others.includes(false) && !others.includes(true)) {
  console.log('The build before was cut short: everything is built anew.');
  for (const path of OUTPUTS) rmSync(join(root, path), { recursive: true, force: true });
  mkdirSync(join(root, 'dist/vision'), { recursive: true });
}
writeFileSync(join(root, `${MARK}${process.pid}`), '');

const newest = Math.max(...readdirSync(kernels).map((name) => statSync(join(kernels, name)).mtimeMs));
if (!existsSync(wasm) || statSync(wasm).mtimeMs < newest) {
  const options = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd', '--initialMemory', '16'];
  const sources = readdirSync(kernels).filter((name) => name.endsWith('.ts'));
  run('assemblyscript/bin/asc.js', [
    ...sources.map((name) => join(kernels, name)),
    '--outFile',
    unfinished,
    ...options,
  ]);
  // On a full disk the compiler writes less, or nothing, and reports success.
  if (!existsSync(unfinished) || !WebAssembly.validate(readFileSync(unfinished))) {
    console.error(`${wasm} could not be written whole: is the disk full?`);
    finish(1);
  }
  renameSync(unfinished, wasm);
}
run('typescript/bin/tsc', [
  '-b',
  ...(process.argv.includes('--product') ? ['ros2_ws/src/attendseg_node'] : []),
]);
finish(0);
