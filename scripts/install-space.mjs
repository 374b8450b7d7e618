// Makes what colcon installs as share/attendseg_node: package.json, dist/ and node_modules/ with what runs, no more.
//   node scripts/install-space.mjs BUILD_FOLDER        (from CMakeLists.txt; needs a sourced ROS 2)
// The checkout is only read: everything is made in BUILD_FOLDER/{npm,work,share}. Quick when nothing changed.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const build = resolve(process.argv[2] ?? fail('which folder to build in?'));
const npm = join(build, 'npm'); // a copy of the lockfile's packages, if the checkout has none that fit
const work = join(build, 'work'); // the sources and node_modules, side by side, for the compiler
const share = join(build, 'share'); // the result

/** What is compiled, and what the compilers read. */
const SOURCES = [
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'scripts/build.mjs',
  'ros2_ws/src/attendseg_node/tsconfig.json',
  'ros2_ws/src/attendseg_node/src',
];
/** Packages that only installing and compiling need, though npm counts them among the production dependencies. */
const NOT_RUN = new Set(['node-gyp', 'node-addon-api', 'rimraf', 'adm-zip', 'global-agent']);

const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).packages;

function fail(message) {
  console.error(`attendseg_node: ${message}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) fail(`${command} cannot be started: ${error.message}`);
  if (status !== 0) fail(`'${[basename(command), ...args].join(' ')}' failed; the reason stands above.`);
}

/** What a file says; nothing if there is none, or half of one from a build that was killed. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Is every package that the lockfile asks for in this node_modules? npm records there what it installed. */
function fitsLockfile(modules) {
  const present = readJson(join(modules, '.package-lock.json'))?.packages;
  if (present === undefined) return false;
  return Object.entries(lock).every(([path, wanted]) => {
    const found = present[path];
    // Optional ones are for other platforms, or checked by starting what uses them.
    if (path === '' || (!found && (wanted.optional || wanted.devOptional))) return true;
    return (
      found?.version === wanted.version &&
      found.integrity === wanted.integrity &&
      existsSync(join(dirname(modules), path))
    );
  });
}

/** The checkout's packages where they fit, else packages of this build's own. */
function packages() {
  const own = join(checkout, 'node_modules');
  if (fitsLockfile(own)) return own;
  const fresh = join(npm, 'node_modules');
  if (!fitsLockfile(fresh)) {
    mkdirSync(npm, { recursive: true });
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(checkout, name), join(npm, name));
    // Without the packages' own scripts: rclnodejs is built below, the others need none.
    run('npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'], { cwd: npm });
  }
  return fresh;
}

/** rclnodejs belongs to one ROS distribution and one kind of Node: the compiled part, and the code generated from messages. */
function ros() {
  if (!process.env.ROS_DISTRO || !process.env.AMENT_PREFIX_PATH)
    fail('no ROS 2 is sourced: run `source /opt/ros/$ROS_DISTRO/setup.bash` first.');
  return {
    rclnodejs: lock['node_modules/rclnodejs'].version,
    distro: process.env.ROS_DISTRO,
    node: `${process.versions.modules} ${process.arch}`,
  };
}

function same(stamp, wanted) {
  return stamp !== undefined && Object.entries(wanted).every(([key, value]) => stamp[key] === value);
}

function rclnodejsMissing(folder) {
  const messages = [
    ...readFileSync(join(checkout, 'ros2_ws/src/attendseg_node/package.xml'), 'utf8').matchAll(
      /<depend>(\w+_(?:msgs|interfaces|srvs))</g,
    ),
  ];
  const parts = [
    'build/Release/rclnodejs.node',
    'types/interfaces.d.ts',
    ...messages.map(([, name]) => `generated/${name}`),
  ];
  return parts.find((part) => !existsSync(join(folder, part)));
}

/** A prefix with the headers of the Node.js in use, so that node-gyp need not download them. */
function nodeHeaders() {
  const [major] = process.versions.node.split('.');
  return [dirname(dirname(process.execPath)), '/usr', '/usr/local'].find((prefix) => {
    const header = join(prefix, 'include/node/node_version.h');
    return (
      existsSync(header) && new RegExp(`NODE_MAJOR_VERSION ${major}\\b`).test(readFileSync(header, 'utf8'))
    );
  });
}

/** work/node_modules: links to the packages, but a copy of rclnodejs, which is built for the ROS that is sourced. */
function linkModules(modules) {
  const to = join(work, 'node_modules');
  const rclnodejs = join(to, 'rclnodejs');
  const stamp = join(work, 'rclnodejs.json');
  const wanted = {
    ...ros(),
    from: modules,
    installed: statSync(join(modules, '.package-lock.json')).mtimeMs,
  };
  if (same(readJson(stamp), wanted) && rclnodejsMissing(rclnodejs) === undefined) return;

  rmSync(stamp, { force: true });
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== 'rclnodejs') symlinkSync(join(modules, name), join(to, name));
  }
  const source = join(modules, 'rclnodejs');
  const fits =
    same(readJson(join(checkout, '.ros/stamps/rclnodejs')), ros()) &&
    modules.startsWith(checkout) &&
    rclnodejsMissing(source) === undefined;
  const built = ['build', 'generated', 'types/interfaces.d.ts'].map((part) => join(source, part));
  cpSync(source, rclnodejs, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => fits || !built.includes(path),
  });
  if (!fits) buildRclnodejs(rclnodejs);
  writeFileSync(stamp, JSON.stringify(wanted, null, 1));
}

function buildRclnodejs(folder) {
  console.log(
    `Building rclnodejs for ROS 2 ${process.env.ROS_DISTRO}: a minute or two where no prebuilt add-on fits`,
  );
  const bins = join(work, 'node_modules/.bin');
  const headers = nodeHeaders();
  const env = {
    npm_config_loglevel: 'warn',
    ...(headers && { npm_config_nodedir: headers }),
    ...process.env,
    PATH: `${bins}:${process.env.PATH}`,
  };
  delete env.RCLNODEJS_FORCE_BUILD;
  // What `npm rebuild rclnodejs` runs, which itself follows the links out of this folder.
  run(process.execPath, ['scripts/install.cjs'], { cwd: folder, env });
  run(process.execPath, ['scripts/generate_messages.cjs'], { cwd: folder, env });
  // Loading it puts a prebuilt add-on into build/Release, and compiles if that one does not fit this ROS.
  run(process.execPath, ['--input-type=module', '-e', "await import('rclnodejs')"], { cwd: work, env });
  // The generators swallow their errors, such as a message package that is not installed.
  const missing = rclnodejsMissing(folder);
  if (missing !== undefined) {
    fail(
      `building rclnodejs left no ${missing}. Install what package.xml names: rosdep install --from-paths src --ignore-src -y`,
    );
  }
}

/** Copies files and folders, newer over older, and removes from the copy what is no longer there. */
function mirror(from, to) {
  if (!statSync(from).isDirectory()) {
    if (!existsSync(to) || statSync(to).mtimeMs !== statSync(from).mtimeMs)
      cpSync(from, to, { preserveTimestamps: true });
    return;
  }
  mkdirSync(to, { recursive: true });
  const names = readdirSync(from);
  const gone = readdirSync(to).filter((name) => !names.includes(name));
  // A compiler leaves the output of sources that are gone. First, so that a killed build does not forget it.
  if (gone.length > 0) rmSync(join(work, 'dist'), { recursive: true, force: true });
  for (const name of gone) rmSync(join(to, name), { recursive: true });
  for (const name of names) mirror(join(from, name), join(to, name));
}

function compile() {
  for (const path of SOURCES) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    mirror(join(checkout, path), join(work, path));
  }
  run(process.execPath, [join(work, 'scripts/build.mjs'), '--product']);
}

/** The lockfile's paths of all packages that run: from the root's dependencies on, as Node resolves them. */
function runtimePackages(modules) {
  const found = new Set();
  const visit = (path) => {
    const { dependencies, optionalDependencies } = lock[path];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (NOT_RUN.has(name)) continue;
      let folder = path;
      while (folder && !lock[`${folder}/node_modules/${name}`])
        folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')));
      const next = join(folder, 'node_modules', name);
      // Optional packages for other platforms are in the lockfile but not installed.
      if (lock[next] && !found.has(next) && existsSync(join(dirname(modules), next))) {
        found.add(next);
        visit(next);
      }
    }
  };
  visit('');
  return found;
}

/** Which files of a package run? Not its types, source maps, other platforms' binaries, and what it was compiled from. */
function runs(path) {
  if (/\.(?:d\.[cm]?ts|map|tsbuildinfo)$/.test(path)) return false;
  const [name, ...rest] = path.split(sep);
  const file = rest.join('/');
  if (name === 'onnxruntime-node') {
    const [, , platform, arch] = rest;
    return (
      !/^(?:lib|script)(?:\/|$)/.test(file) &&
      !(rest[0] === 'bin' && ((platform && platform !== process.platform) || (arch && arch !== process.arch)))
    );
  }
  if (name === 'rclnodejs') {
    return (
      !/^(?:bin|prebuilds|src|third_party\/[^/]*\/src)(?:\/|$)/.test(file) &&
      !/^build\/(?!Release$|Release\/rclnodejs\.node$)/.test(file)
    );
  }
  return true;
}

function assemble(modules) {
  const fresh = `${share}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(join(fresh, 'node_modules'), { recursive: true });
  cpSync(join(work, 'package.json'), join(fresh, 'package.json'));
  cpSync(join(work, 'dist'), join(fresh, 'dist'), { recursive: true, filter: runs });
  for (const path of runtimePackages(modules)) {
    const from = realpathSync(join(work, path));
    const inside = path.slice('node_modules/'.length);
    cpSync(from, join(fresh, path), {
      recursive: true,
      // Packages inside packages are copied in their own turn.
      filter: (file) =>
        basename(file) !== 'node_modules' &&
        !lstatSync(file).isSymbolicLink() &&
        runs(join(inside, relative(from, file))),
    });
  }
  for (const name of ['COLCON_IGNORE', 'AMENT_IGNORE']) writeFileSync(join(fresh, 'node_modules', name), '');
  // For services, whose PATH is often shorter than the builder's.
  writeFileSync(join(fresh, 'built_with_node'), `${process.execPath}\n`);
  rmSync(share, { recursive: true, force: true });
  renameSync(fresh, share);
}

/** Do the packages with native parts load from where they are now? */
function check() {
  for (const name of ['sharp', 'onnxruntime-node']) {
    run(process.execPath, ['--input-type=module', '-e', `await import('${name}')`], { cwd: share });
  }
}

const modules = packages();
linkModules(modules);
compile();
assemble(modules);
check();
