import { z } from 'zod';
import { errorText } from '../../errorText.js';
import type { Board } from './board.js';
import { type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';
import type { Program } from './program.js';

const { ok, info, warning, error } = inGroup('Node.js and ONNX Runtime');
const REINSTALL = 'install attendseg_node anew';
const packageFile = z.object({ version: z.string() });
/** What int8 convolutions are fast with. */
const FAST = ['avx512_vnni', 'avx_vnni', 'avx_vnni_int8', 'i8mm', 'asimddp'];

/** Node.js, the CPU, and onnxruntime-node with its library and providers. */
export async function checkRuntime(machine: Machine, program: Program, board: Board): Promise<Finding[]> {
  return [
    nodeFinding(program.nodeVersion),
    await cpuFinding(machine),
    ...(await onnxruntimeFindings(machine, program, board)),
  ];
}

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const old = major < 20 || (major === 20 && (minor < 20 || (minor === 20 && patch < 2)));
  return old
    ? error('Node.js', `${version}: 20.20.2 or newer is needed`, 'install one from nodejs.org or NodeSource')
    : ok('Node.js', version);
}

async function cpuFinding(machine: Machine): Promise<Finding> {
  const { value: text, code } = await machine.readText('/proc/cpuinfo', { bytes: 2 ** 20 });
  if (text === undefined) return info('CPU', `unknown: /proc/cpuinfo ${toldCode(code)}`);
  const [, name] = /^(?:model name|Model)\s*: *(.+)$/m.exec(text) ?? [];
  const [, features = ''] = /^(?:flags|Features)\s*: *(.+)$/m.exec(text) ?? [];
  const has = features.split(/\s+/).filter((feature) => FAST.includes(feature));
  const cores = text.match(/^processor\s*:/gm)?.length ?? 0;
  const told = `${name ?? process.arch}, ${cores} cores`;
  return has.length > 0
    ? ok('CPU', `${told}, int8 with ${has.join(', ')}`)
    : info('CPU', `${told}, no instructions for int8: networks are little faster than in float`);
}

async function onnxruntimeFindings(machine: Machine, program: Program, board: Board): Promise<Finding[]> {
  const folder = await program.folderOf('onnxruntime-node');
  if (folder === undefined) return [error('onnxruntime', 'onnxruntime-node is not installed', REINSTALL)];
  const version = packageVersion((await machine.readText(`${folder}/package.json`)).value);
  const binaries = await binaryFolder(machine, folder);
  const files = binaries === undefined ? [] : ((await machine.list(binaries)).value ?? []);
  if (binaries === undefined || !files.includes('onnxruntime_binding.node')) {
    return [
      error('onnxruntime', `onnxruntime-node ${version ?? ''} has no binary for ${process.arch}`, REINSTALL),
    ];
  }
  return [
    await versionFinding(machine, version, binaries, files),
    await providerFinding(program, board, files),
  ];
}

function packageVersion(text: string | undefined): string | undefined {
  try {
    return packageFile.parse(JSON.parse(text ?? '')).version;
  } catch {
    return undefined;
  }
}

/** bin/napi-v6/linux/x64, say. */
async function binaryFolder(machine: Machine, folder: string): Promise<string | undefined> {
  const [api] = ((await machine.list(`${folder}/bin`)).value ?? []).filter((name) =>
    name.startsWith('napi-'),
  );
  return api === undefined ? undefined : `${folder}/bin/${api}/linux/${process.arch}`;
}

/** Binding, library and package are of one build; mixed ones crash, or run what they should not. */
async function versionFinding(
  machine: Machine,
  version: string | undefined,
  folder: string,
  files: readonly string[],
): Promise<Finding> {
  const libraries = files.filter((name) => name.startsWith('libonnxruntime.so'));
  const [library] = libraries;
  if (library === undefined) return error('onnxruntime', `${folder} has no libonnxruntime.so`, REINSTALL);
  // The name tells the version in some builds; the symbols, near the file's start, in all.
  const named = libraries.flatMap((name) => /\.so\.(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? []);
  const symbols = async (name: string): Promise<string[]> => {
    const start = (await machine.readText(`${folder}/${name}`, { bytes: 2 ** 20, timeoutMs: 3000 })).value;
    return /VERS_(\d+\.\d+\.\d+)/.exec(start ?? '')?.slice(1) ?? [];
  };
  const versions = new Set([
    ...(version === undefined ? [] : [version]),
    ...named,
    ...(await symbols(library)),
    ...(await symbols('onnxruntime_binding.node')),
  ]);
  if (versions.size <= 1)
    return ok('onnxruntime', `${version ?? 'unknown version'}, binding and library alike`);
  return error(
    'onnxruntime',
    `package, binding and library are of different versions: ${[...versions].join(', ')}`,
    'take all of one build: docker/jetson/replace_onnxruntime.sh puts a build of your own in place',
  );
}

async function providerFinding(
  program: Program,
  { jetson }: Board,
  files: readonly string[],
): Promise<Finding> {
  let known: string[];
  try {
    known = await program.backends();
  } catch (thrown) {
    return error('providers', `onnxruntime-node cannot be loaded: ${errorText(thrown)}`, REINSTALL);
  }
  // Listed as not bundled even where it is built in: what counts is its library.
  const tensorrt = known.includes('tensorrt') && files.includes('libonnxruntime_providers_tensorrt.so');
  if (tensorrt) return ok('providers', 'tensorrt, cpu');
  return jetson
    ? warning(
        'providers',
        'cpu alone: this onnxruntime-node was built without TensorRT',
        'use the image of Dockerfile.jetson, or build one with docker/jetson/build_onnxruntime.sh',
      )
    : ok('providers', 'cpu');
}
