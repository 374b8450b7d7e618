import { type Finding, inGroup } from './finding.js';
import type { Board } from './board.js';
import { cudaVersion } from './cudaVersion.js';
import type { Machine } from './machine.js';
import { debianVersion } from './packages.js';

const { ok, info, warning, error } = inGroup('CUDA and TensorRT');
const LIBRARY_FOLDERS = [
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/local/lib',
  '/usr/local/tensorrt/lib',
];
const TRTEXEC = '/usr/src/tensorrt/bin/trtexec';

/** CUDA, TensorRT, and what builds TensorRT's engines. */
export async function checkCuda(machine: Machine, { jetson, container }: Board): Promise<Finding[]> {
  const missing = (name: string, remedy: string): Finding =>
    jetson ? warning(name, 'not found', remedy) : info(name, 'none: of use on a Jetson only');
  const where = container === undefined ? '' : ' in the image';
  const cuda = await cudaVersion(machine);
  const found = [
    cuda === undefined
      ? missing('CUDA', `sudo apt install nvidia-jetpack${where}; the CPU needs none`)
      : ok('CUDA', cuda),
  ];
  const versions = await tensorrtVersions(machine);
  if (versions.length === 0) {
    found.push(missing('TensorRT', `sudo apt install "libnvinfer10"${where}; provider cpu needs none`));
    return found;
  }
  const wrong = versions.filter((version) => !version.startsWith('10.'));
  const say = wrong.length === 0 ? ok : jetson && wrong.length === versions.length ? error : warning;
  found.push(
    wrong.length === 0
      ? say('TensorRT', versions.join(', '))
      : say(
          'TensorRT',
          `${versions.join(', ')}: engines are built and run with 10.x only; 11 supports no Jetson`,
          'sudo apt install "libnvinfer10=10.*" "libnvinfer-bin=10.*", and sudo apt-mark hold both',
        ),
  );
  if (jetson) {
    const trtexec = (await machine.stat(TRTEXEC)).value !== undefined;
    found.push(
      trtexec
        ? ok('trtexec', TRTEXEC)
        : info(
            'trtexec',
            'not found: engines can be run, but not built here',
            container === undefined
              ? 'sudo apt install "libnvinfer-bin=10.*"'
              : 'build engines with the image engine-builder: docker compose … run --rm engine',
          ),
    );
  }
  return found;
}

/** By the libraries' names, else by the packages. */
async function tensorrtVersions(machine: Machine): Promise<string[]> {
  const versions = new Set<string>();
  for (const folder of LIBRARY_FOLDERS) {
    for (const name of (await machine.list(folder)).value ?? []) {
      const [, version] = /^libnvinfer\.so\.(\d+\.\d+\.\d+)$/.exec(name) ?? [];
      if (version !== undefined) versions.add(version);
    }
  }
  if (versions.size > 0) return [...versions].sort();
  const version = await debianVersion(machine, 'libnvinfer10', 'libnvinfer11', 'libnvinfer8');
  return version === undefined ? [] : [version];
}
