/** Machines as trees of files, with what real ones have in them. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** By path. */
export type Files = Readonly<Record<string, string>>;

const roots: string[] = [];

/** Writes a machine's files into a new folder. */
export function record(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'attendseg-machine-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) write(root, path, text);
  return root;
}

export function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(root + path), { recursive: true });
  writeFileSync(root + path, text);
  if (text.startsWith('#!')) chmodSync(root + path, 0o755);
}

/** Removes all that was recorded. */
export function forget(): void {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
}

function release(major: number, revision: string, gcid: number): string {
  return (
    `# R${major} (release), REVISION: ${revision}, GCID: ${gcid}, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025\n` +
    '# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\nTARGET_USERSPACE_LIB_DIR_PATH=usr/lib/aarch64-linux-gnu/nvidia\n'
  );
}

/** What is in /etc/nv_tegra_release and of the kernel. */
export const JETPACK_6: Files = {
  '/etc/nv_tegra_release': release(36, '4.3', 38968081),
  '/proc/sys/kernel/osrelease': '5.15.148-tegra\n',
  '/usr/local/cuda/version.json': '{ "cuda" : { "name" : "CUDA SDK", "version" : "12.6.11" } }',
  '/usr/lib/aarch64-linux-gnu/libnvinfer.so.10.3.0': '',
  '/usr/src/tensorrt/bin/trtexec': '',
};
export const JETPACK_7: Files = {
  '/etc/nv_tegra_release': release(39, '2.0', 45755727),
  '/proc/sys/kernel/osrelease': '6.8.12-1021-tegra\n',
  '/usr/local/cuda/version.json': '{ "cuda" : { "name" : "CUDA SDK", "version" : "13.2.0" } }',
  '/usr/lib/aarch64-linux-gnu/libnvinfer.so.10.16.1': '',
  '/usr/src/tensorrt/bin/trtexec': '',
};

function deviceTree(model: string, ...compatible: readonly string[]): Files {
  return {
    '/proc/device-tree/model': `${model}\0`,
    '/proc/device-tree/compatible': compatible.map((name) => `nvidia,${name}\0`).join(''),
  };
}

function gpu(folder: string, governor: string, clocks: readonly number[], highest: number): Files {
  const path = `/sys/class/devfreq/${folder}`;
  const hertz = (megahertz: number): string => String(megahertz * 1_000_000);
  return {
    '/sys/class/devfreq/8188050000.vic/cur_freq': '115200000\n',
    [`${path}/cur_freq`]: `${hertz(clocks[0]!)}\n`,
    [`${path}/max_freq`]: `${hertz(highest)}\n`,
    [`${path}/min_freq`]: `${hertz(clocks[0]!)}\n`,
    [`${path}/available_frequencies`]: `${clocks.map(hertz).join(' ')} \n`,
    [`${path}/governor`]: `${governor}\n`,
  };
}

/** The zones of units that are switched off are there, with nothing to read. */
function zones(degrees: Readonly<Record<string, number | ''>>): Files {
  return Object.fromEntries(
    Object.entries(degrees).flatMap(([type, value], i) => {
      const path = `/sys/class/thermal/thermal_zone${i}`;
      return [
        [`${path}/type`, `${type}\n`],
        [`${path}/temp`, value === '' ? '' : `${Math.round(value * 1000)}\n`],
        [`${path}/trip_point_0_type`, 'active\n'],
        [`${path}/trip_point_0_temp`, '51000\n'],
        [`${path}/trip_point_1_type`, 'passive\n'],
        [`${path}/trip_point_1_temp`, '99000\n'],
        [`${path}/trip_point_2_type`, 'critical\n'],
        [`${path}/trip_point_2_temp`, '104500\n'],
      ];
    }),
  );
}

function throttled(low: number, average: number, peak: number): Files {
  const path = '/sys/class/hwmon/hwmon3';
  return {
    '/sys/class/hwmon/hwmon0/name': 'tmp451\n',
    [`${path}/name`]: 'soctherm_oc\n',
    [`${path}/oc1_event_cnt`]: `${low}\n`,
    [`${path}/oc2_event_cnt`]: `${average}\n`,
    [`${path}/oc3_event_cnt`]: `${peak}\n`,
    [`${path}/oc3_throt_en`]: '1\n',
  };
}

function modes(...names: readonly string[]): Files {
  return {
    '/etc/nvpmodel.conf':
      '< PARAM TYPE=FILE NAME=CPU_ONLINE >\nCORE_1 /sys/devices/system/cpu/cpu1/online\n' +
      names.map((name, id) => `< POWER_MODEL ID=${id} NAME=${name} >\nCPU_ONLINE CORE_0 1\n`).join('') +
      '< PM_CONFIG DEFAULT=0 >\n',
  };
}

/** nvpmodel -q for a user who is not root: the mode first, then what it may not read, and a failure. */
function nvpmodel(mode: string, id: number): Files {
  return {
    '/usr/sbin/nvpmodel': `#!/bin/sh
[ "$1" = -q ] || exit 9
printf 'NV Fan Mode:quiet\\nNV Power Mode: ${mode}\\n${id}\\n'
echo 'NVPM ERROR: Error opening /sys/kernel/nvpmodel_emc_cap/emc_iso_cap: 13' >&2
exit 255
`,
  };
}

function memory(totalMib: number, availableMib: number, swapMib: number): Files {
  return {
    '/proc/meminfo':
      `MemTotal:       ${totalMib * 1024} kB\nMemFree:          204800 kB\nMemAvailable:    ${availableMib * 1024} kB\n` +
      `SwapTotal:       ${swapMib * 1024} kB\nSwapFree:        ${swapMib * 1024} kB\n`,
  };
}

function arm(cores: number): Files {
  return {
    '/proc/cpuinfo': Array.from(
      { length: cores },
      (_, i) =>
        `processor\t: ${i}\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd evtstrm aes crc32 atomics fphp asimdhp lrcpc dcpop asimddp\n\n`,
    ).join(''),
  };
}

const ORIN_DEVICES: Files = {
  '/dev/nvmap': '',
  '/dev/nvhost-gpu': '',
  '/dev/nvgpu/igpu0/ctrl': '',
  '/dev/nvgpu/igpu0/channel': '',
  '/dev/dri/renderD128': '',
  '/dev/dri/card0': '',
};
const ORIN_ZONES = {
  'cpu-thermal': 48.2,
  'gpu-thermal': 45.7,
  'cv0-thermal': '',
  'cv1-thermal': '',
  'cv2-thermal': '',
  'soc0-thermal': 49.5,
  'soc1-thermal': 49,
  'soc2-thermal': 48.3,
  'tj-thermal': 50.9,
} as const;

const orinNano: Files = {
  ...deviceTree('NVIDIA Jetson Orin Nano Developer Kit', 'p3768-0000+p3767-0005', 'p3767-0005', 'tegra234'),
  ...gpu('17000000.gpu', 'nvhost_podgov', [306, 408, 510, 612, 714, 816, 918, 1020], 612),
  ...zones(ORIN_ZONES),
  ...throttled(0, 0, 0),
  ...modes('15W', '25W', 'MAXN_SUPER', '7W'),
  ...nvpmodel('15W', 0),
  ...memory(7620, 5200, 3810),
  ...arm(6),
  ...ORIN_DEVICES,
};
const orinNx: Files = {
  ...orinNano,
  ...deviceTree(
    'NVIDIA Jetson Orin NX Engineering Reference Developer Kit',
    'p3768-0000+p3767-0000',
    'p3767-0000',
    'tegra234',
  ),
  ...gpu('17000000.gpu', 'nvhost_podgov', [306, 408, 510, 612, 714, 816, 918], 918),
  ...throttled(0, 0, 27390),
  ...modes('MAXN', '10W', '15W', '25W'),
  ...nvpmodel('MAXN', 0),
  ...memory(15656, 11000, 7828),
  ...arm(8),
};
const agxOrin: Files = {
  ...orinNano,
  ...deviceTree('NVIDIA Jetson AGX Orin Developer Kit', 'p3737-0000+p3701-0005', 'p3701-0005', 'tegra234'),
  ...gpu('17000000.gpu', 'nvhost_podgov', [306, 612, 918, 1224, 1300], 1300),
  ...modes('MAXN', 'MODE_15W', 'MODE_30W', 'MODE_50W'),
  ...nvpmodel('MAXN', 0),
  ...memory(62840, 55000, 0),
  ...arm(12),
};
const thor: Files = {
  ...deviceTree('NVIDIA Jetson AGX Thor Developer Kit', 'p3971-0089+p3834-0008', 'p3834-0008', 'tegra264'),
  ...gpu('gpu-gpc-0', 'nvhost_podgov', [315, 945, 1260, 1575], 1575),
  '/sys/class/devfreq/gpu-nvd-0/cur_freq': '702000000\n',
  ...zones({
    'cpu-thermal': 53.7,
    'tj-thermal': 55.1,
    'soc012-thermal': 55.1,
    'soc345-thermal': 53.7,
    'gpu-thermal': '',
  }),
  ...throttled(0, 0, 0),
  ...modes('MAXN', '120W'),
  ...nvpmodel('120W', 1),
  ...memory(125772, 110000, 0),
  ...arm(14),
  '/dev/nvmap': '',
  '/dev/nvidia0': '',
  '/dev/nvgpu/igpu-0000:01:00.0/ctrl': '',
};

/** Hosts, none with ROS. */
export const HOSTS = {
  'Orin Nano': { ...orinNano, ...JETPACK_6 },
  'Orin NX': { ...orinNx, ...JETPACK_6 },
  'AGX Orin, JetPack 6': { ...agxOrin, ...JETPACK_6 },
  'AGX Orin, JetPack 7': { ...agxOrin, ...JETPACK_7 },
  Thor: { ...thor, ...JETPACK_7 },
} satisfies Record<string, Files>;

/** A desktop PC. */
export const PC: Files = {
  '/proc/sys/kernel/osrelease': '6.8.0-60-generic\n',
  '/sys/class/dmi/id/product_name': 'OptiPlex 7010\n',
  '/proc/1/cgroup': '0::/init.scope\n',
  '/proc/cpuinfo':
    'processor\t: 0\nmodel name\t: Intel(R) Core(TM) i5-3570 CPU @ 3.40GHz\nflags\t\t: fpu sse4_2 avx\n',
  '/proc/meminfo':
    'MemTotal:       16314940 kB\nMemAvailable:   12000000 kB\nSwapTotal:       2097148 kB\nSwapFree:        2097148 kB\n',
  ...zones({ acpitz: 27.8, x86_pkg_temp: 41 }),
};

/** A container of docker/jetson on a host: Docker hides the device tree, the board's release is mounted. */
export function container(host: Files, image: Files): Files {
  const seen = Object.entries(host).filter(
    ([path]) => !/^\/(?:proc\/device-tree|usr|etc\/nvpmodel)/.test(path),
  );
  return {
    ...Object.fromEntries(seen),
    ...Object.fromEntries(Object.entries(image).filter(([path]) => path.startsWith('/usr/'))),
    '/.dockerenv': '',
    '/proc/1/cgroup': '0::/\n',
  };
}

/** onnxruntime-node as npm has it, or as a build of one's own. */
export function onnxruntime(
  folder: string,
  library: string,
  { tensorrt = false, version = '1.30.0' } = {},
): Files {
  const bin = `${folder}/bin/napi-v6/linux/${process.arch}`;
  return {
    [`${folder}/package.json`]: JSON.stringify({ name: 'onnxruntime-node', version }),
    [`${bin}/onnxruntime_binding.node`]: `\x7fELF\0libonnxruntime.so.1\0VERS_${version}\0`,
    [`${bin}/${library}`]: '\x7fELF\0',
    ...(tensorrt ? { [`${bin}/libonnxruntime_providers_tensorrt.so`]: '' } : {}),
  };
}
