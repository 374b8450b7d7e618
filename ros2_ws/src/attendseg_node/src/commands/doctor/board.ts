import { cudaVersion } from './cudaVersion.js';
import { type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';
import { debianVersion } from './packages.js';

/** What the other checks need to know of the machine. */
export interface Board {
  readonly jetson: boolean;
  /** What the program runs in, if not on the host itself. */
  readonly container?: string;
}

const { ok, info, warning, error } = inGroup('Board');

/** By L4T; published lists disagree on others, which are left out. */
const JETPACK: Record<string, string> = {
  '36.2.0': '6.0 (developer preview)',
  '36.3.0': '6.0',
  '36.4.0': '6.1',
  '36.4.3': '6.2',
  '36.4.4': '6.2.1',
  '36.4.7': '6.2.1',
  '36.5.0': '6.2.2',
  '38.2.0': '7.0',
  '38.2.1': '7.0',
  '38.4.0': '7.1',
  '39.2.0': '7.2',
};
/** The first number of JetPack, by what comes with it. */
const BY_L4T: Record<string, number> = { 35: 5, 36: 6, 38: 7, 39: 7 };
const BY_KERNEL: Record<string, number> = { '5.10': 5, '5.15': 6, '6.8': 7 };
const BY_CUDA: Record<string, number> = { 11: 5, 12: 6, 13: 7 };

/** Which machine this is, and which system it has. */
export async function checkBoard(machine: Machine): Promise<{ board: Board; findings: Finding[] }> {
  // Docker hides the device tree; compose.yaml mounts a copy at the second place.
  const tree =
    (await machine.readText('/proc/device-tree/compatible')).value ??
    (await machine.readText('/run/attendseg/compatible')).value;
  const compatible = tree?.split('\0') ?? [];
  const kernel = (await machine.readText('/proc/sys/kernel/osrelease')).value?.trim() ?? '';
  const release = await machine.readText('/etc/nv_tegra_release', { bytes: 4096 });
  const [, major, rest] = /R(\d+) \(release\), REVISION: (\d[\d.]*)/.exec(release.value ?? '') ?? [];
  const container = await containerOf(machine);
  const packaged = await debianVersion(machine, 'nvidia-l4t-core');
  const mounted = major === undefined ? undefined : `${major}.${rest!}`;
  // What a container has installed is its image's, not the board's.
  const l4t = mounted ?? (container === undefined ? packaged : undefined);
  const jetson =
    l4t !== undefined || kernel.endsWith('tegra') || compatible.some((name) => /^nvidia,tegra\d/.test(name));
  const board = { jetson, ...(container === undefined ? {} : { container }) };
  const runsIn = info('runs', container === undefined ? 'on the host' : `in a container (${container})`);
  const model = await modelOf(machine);
  if (!jetson) {
    return {
      board,
      findings: [info('model', model === undefined ? 'no Jetson' : `${model} (no Jetson)`), runsIn],
    };
  }
  const soc = compatible.filter((name) => name.startsWith('nvidia,')).map((name) => name.slice(7));
  const findings = [
    model === undefined
      ? warning(
          'model',
          container === undefined
            ? 'unknown: /proc/device-tree/model is not there'
            : 'unknown: the container runtime hides /proc/device-tree; engines are bound to a model of board',
          container === undefined
            ? undefined
            : 'start it with --security-opt systempaths=unconfined (compose: security_opt), which shows it',
        )
      : ok('model', [model, ...(soc.length === 0 ? [] : [`(${soc.join(', ')})`])].join(' ')),
    l4tFinding(l4t, release.code, container),
    runsIn,
  ];
  if (container !== undefined) {
    const host = BY_KERNEL[/^(\d+\.\d+)\..*tegra$/.exec(kernel)?.[1] ?? ''] ?? jetpackOf(mounted);
    findings.push(...(await imageFinding(machine, host, packaged)));
  }
  return { board, findings };
}

function l4tFinding(l4t: string | undefined, code: string | undefined, container?: string): Finding {
  if (l4t === undefined) {
    const why = code === undefined ? 'is not of the usual form' : toldCode(code);
    return warning(
      'L4T',
      `unknown: /etc/nv_tegra_release ${why}`,
      container === undefined
        ? undefined
        : 'mount it: --volume /etc/nv_tegra_release:/etc/nv_tegra_release:ro, as docker/jetson/compose.yaml does',
    );
  }
  const told = `${l4t}, JetPack ${JETPACK[l4t] ?? 'unknown'}`;
  if (/^3[69]\./.test(l4t)) return ok('L4T', told);
  return warning(
    'L4T',
    `${told}: Dockerfile.jetson makes images for L4T 36 (JetPack 6) and 39 (JetPack 7.2) only`,
    'install JetPack 6.2 or 7.2 on the board',
  );
}

function jetpackOf(l4t: string | undefined): number | undefined {
  return l4t === undefined ? undefined : BY_L4T[l4t.split('.')[0]!];
}

/** The driver comes from the host, and CUDA from the image: they must be of one JetPack. */
async function imageFinding(
  machine: Machine,
  host: number | undefined,
  packaged: string | undefined,
): Promise<Finding[]> {
  const cuda = await cudaVersion(machine);
  const image = jetpackOf(packaged) ?? BY_CUDA[cuda?.split('.')[0] ?? ''];
  if (host === undefined || image === undefined) return [];
  if (host === image) return [ok('container image', `made for JetPack ${image}, as the host has`)];
  return [
    error(
      'container image',
      `made for JetPack ${image}, but the host has JetPack ${host}: CUDA does not start`,
      `on the host: bash docker/jetson/host.sh, then build or pull the image for JetPack ${host}`,
    ),
  ];
}

async function modelOf(machine: Machine): Promise<string | undefined> {
  // The second is there in containers too, where Docker hides /sys/firmware, to which /proc/device-tree is a link.
  const places = ['/proc/device-tree/model', '/sys/devices/soc0/machine', '/sys/class/dmi/id/product_name'];
  for (const path of places) {
    const model = (await machine.readText(path, { bytes: 1024 })).value?.replaceAll('\0', '').trim();
    if (model !== undefined && model !== '') return model;
  }
  return undefined;
}

/** What runs this container; undefined on a host. */
async function containerOf(machine: Machine): Promise<string | undefined> {
  if ((await machine.stat('/.dockerenv')).value !== undefined) return 'Docker';
  if ((await machine.stat('/run/.containerenv')).value !== undefined) return 'Podman';
  const systemd = (await machine.readText('/run/systemd/container', { bytes: 256 })).value?.trim();
  if (systemd !== undefined && systemd !== '') return systemd;
  const groups = (await machine.readText('/proc/1/cgroup')).value ?? '';
  return /docker|kubepods|containerd|libpod|lxc/.exec(groups)?.[0];
}
