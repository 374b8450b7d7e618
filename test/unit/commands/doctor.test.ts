import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { examine } from '#commands/doctor.js';
import { inGroup, type Finding } from '#commands/doctor/finding.js';
import { Machine, type Look } from '#commands/doctor/machine.js';
import { told } from '#commands/doctor/print.js';
import type { Program } from '#commands/doctor/program.js';
import { shippedModel } from '#inference/shippedModel.js';
import {
  container,
  type Files,
  forget,
  HOSTS,
  JETPACK_6,
  JETPACK_7,
  onnxruntime,
  PC,
  record,
} from './recordedMachines.js';

const PACKAGES = '/opt/attendseg/node_modules';
const NPM = onnxruntime(`${PACKAGES}/onnxruntime-node`, 'libonnxruntime.so.1');
const OWN = onnxruntime(`${PACKAGES}/onnxruntime-node`, 'libonnxruntime.so.1.26.0', {
  tensorrt: true,
  version: '1.26.0',
});
const IMAGE = { width: 1920, height: 1080 };
const ME = process.getuid!();

const program: Program = {
  fastDdsProfile: '/opt/attendseg/config/fastdds.xml',
  nodeVersion: '22.20.0',
  folderOf: (name) => Promise.resolve(`${PACKAGES}/${name}`),
  backends: () => Promise.resolve(['cpu', 'tensorrt']),
};

afterAll(forget);

interface Case {
  env?: NodeJS.ProcessEnv;
  uid?: number;
  image?: { width: number; height: number };
  program?: Program;
  /** Changes the recorded folder. */
  change?: (root: string) => void;
  machine?: (root: string) => Machine;
}

async function findingsOf(files: Files, given: Case = {}): Promise<Finding[]> {
  const root = record(files);
  given.change?.(root);
  const { env = { HOME: '/root' }, uid = ME } = given;
  const machine = given.machine?.(root) ?? new Machine({ root, env, uid });
  try {
    return await examine(machine, given.program ?? program, shippedModel(), given.image ?? IMAGE);
  } finally {
    machine.close();
  }
}

/** Findings as `level value`, by name. */
async function lines(files: Files, given?: Case): Promise<Record<string, string>> {
  const findings = await findingsOf(files, given);
  return Object.fromEntries(findings.map(({ name, level, value }) => [name, `${level} ${value}`]));
}

/** The names of those of a level. */
async function namesOf(level: string, files: Files, given?: Case): Promise<string[]> {
  return (await findingsOf(files, given))
    .filter((finding) => finding.level === level)
    .map(({ name }) => name);
}

async function finding(name: string, files: Files, given?: Case): Promise<Finding | undefined> {
  return (await findingsOf(files, given)).find((found) => found.name === name);
}

const NANO: Files = HOSTS['Orin Nano'];

function without(files: Files, ...paths: readonly string[]): Files {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));
}

describe('boards', () => {
  test.each([
    [
      'Orin Nano',
      {
        model: 'ok NVIDIA Jetson Orin Nano Developer Kit (p3768-0000+p3767-0005, p3767-0005, tegra234)',
        L4T: 'ok 36.4.3, JetPack 6.2',
        runs: 'info on the host',
        clock: 'info 306 of 612 MHz now, governor nvhost_podgov; the GPU can do 1020 MHz',
        devices: 'ok 5 that this user may open',
        mode: 'info 15W (others: 1 25W, 2 MAXN_SUPER, 3 7W)',
        throttled: 'ok not since the start',
        temperature: 'ok 50.9 °C (tj-thermal), GPU 45.7 °C',
        memory: 'ok 5.1 of 7.4 GiB available, shared with the GPU',
        swap: 'info 0.0 of 3.7 GiB used',
        CUDA: 'ok 12.6.11',
        TensorRT: 'ok 10.3.0',
        CPU: `ok ${process.arch}, 6 cores, int8 with asimddp`,
      },
    ],
    [
      'Orin NX',
      {
        model:
          'ok NVIDIA Jetson Orin NX Engineering Reference Developer Kit (p3768-0000+p3767-0000, p3767-0000, tegra234)',
        clock: 'ok 306 of 918 MHz now, governor nvhost_podgov',
        mode: 'info MAXN (others: 1 10W, 2 15W, 3 25W)',
        throttled: 'info since the start 0 times for low voltage, 0 for average and 27390 for peak current',
      },
    ],
    ['AGX Orin, JetPack 6', { L4T: 'ok 36.4.3, JetPack 6.2', swap: 'info none' }],
    ['AGX Orin, JetPack 7', { L4T: 'ok 39.2.0, JetPack 7.2', CUDA: 'ok 13.2.0', TensorRT: 'ok 10.16.1' }],
    [
      'Thor',
      {
        model: 'ok NVIDIA Jetson AGX Thor Developer Kit (p3971-0089+p3834-0008, p3834-0008, tegra264)',
        clock: 'ok 315 of 1575 MHz now, governor nvhost_podgov',
        devices: 'ok 3 that this user may open',
        mode: 'info 120W (others: 0 MAXN)',
        temperature: 'ok 55.1 °C (tj-thermal)',
      },
    ],
  ] as const)('%s', async (name, expected) => {
    const found = await lines({ ...HOSTS[name], ...OWN });
    expect(found).toMatchObject(expected);
    expect(found['providers']).toBe('ok tensorrt, cpu');
    expect(Object.values(found).filter((line) => /^(?:warning|error)/.test(line))).toEqual([]);
  });

  test('a plain PC raises no alarm', async () => {
    const found = await lines({ ...PC, ...NPM });
    expect(found).toMatchObject({
      model: 'info OptiPlex 7010 (no Jetson)',
      temperature: 'ok 41.0 °C (x86_pkg_temp)',
      CUDA: 'info none: of use on a Jetson only',
      providers: 'ok cpu',
      distribution: 'info none: the commands node and play need one, the others do not',
    });
    expect(Object.values(found).filter((line) => /^(?:warning|error)/.test(line))).toEqual([]);
    expect(found).not.toHaveProperty('devices');
    expect(found).not.toHaveProperty('mode');
  });

  test('an empty machine is told in full, too', async () => {
    const found = await lines({});
    expect(found['memory']).toBe('warning unknown: /proc/meminfo is not there');
    expect(found['onnxruntime']).toMatch(/^error onnxruntime-node .*has no binary/);
    expect(Object.values(found).join()).not.toContain('this check failed');
  });

  test('a system that no image fits, and one that no list has', async () => {
    const old = { ...NANO, '/etc/nv_tegra_release': '# R35 (release), REVISION: 4.1, GCID: 33958178' };
    expect((await lines(old))['L4T']).toMatch(/^warning 35\.4\.1, JetPack unknown: Dockerfile.jetson makes/);
    const next = { ...NANO, '/etc/nv_tegra_release': '# R36 (release), REVISION: 9.9, GCID: 1' };
    expect((await lines(next))['L4T']).toBe('ok 36.9.9, JetPack unknown');
  });

  test('without the release file the package tells L4T, if it is installed', async () => {
    const rest = without(NANO, '/etc/nv_tegra_release');
    const status = (state: string): Files => ({
      ...rest,
      '/var/lib/dpkg/status': `Package: nvidia-l4t-core-dev\nStatus: install ok installed\nVersion: 1.0\n\nPackage: nvidia-l4t-core\nStatus: ${state}\nVersion: 36.4.7-20250918154033\n`,
    });
    expect((await lines(status('install ok installed')))['L4T']).toBe('ok 36.4.7, JetPack 6.2.1');
    expect((await lines(status('deinstall ok config-files')))['L4T']).toBe(
      'warning unknown: /etc/nv_tegra_release is not there',
    );
  });
});

describe('containers', () => {
  test('an image made for the host’s JetPack', async () => {
    const found = await lines({ ...container(NANO, JETPACK_6), ...OWN });
    expect(found).toMatchObject({
      L4T: 'ok 36.4.3, JetPack 6.2',
      runs: 'info in a container (Docker)',
      image: 'info 1920x1080 rgb8, 5.9 MiB (--image)',
      'container image': 'ok made for JetPack 6, as the host has',
      CUDA: 'ok 12.6.11',
    });
    expect(found['model']).toMatch(/^warning unknown: the container runtime hides/);
  });

  test.each([
    [
      'JetPack 6 on JetPack 7',
      HOSTS['AGX Orin, JetPack 7'],
      JETPACK_6,
      'JetPack 6, but the host has JetPack 7',
    ],
    ['JetPack 7 on JetPack 6', NANO, JETPACK_7, 'JetPack 7, but the host has JetPack 6'],
  ])('an image of %s', async (_, host, image, expected) => {
    const files = container(host, image);
    const found = await finding('container image', files);
    expect(found).toMatchObject({ level: 'error', value: `made for ${expected}: CUDA does not start` });
    expect(found!.remedy).toContain('docker/jetson/host.sh');
    // The kernel, which is always the host's, tells as much as the mounted file.
    const unmounted = without(files, '/etc/nv_tegra_release');
    expect(await finding('container image', unmounted)).toEqual(found);
    expect((await finding('L4T', unmounted))!.remedy).toContain('--volume /etc/nv_tegra_release');
  });

  test.each([
    ['/run/.containerenv', '', 'Podman'],
    ['/run/systemd/container', 'systemd-nspawn\n', 'systemd-nspawn'],
    ['/proc/1/cgroup', '12:cpuset:/docker/3f1c\n', 'docker'],
    ['/proc/1/cgroup', '0::/kubepods.slice/pod1\n', 'kubepods'],
  ])('%s tells one', async (path, text, name) => {
    expect((await lines({ ...PC, [path]: text }))['runs']).toBe(`info in a container (${name})`);
  });

  test('without devices', async () => {
    const files = Object.fromEntries(
      Object.entries(container(NANO, JETPACK_6)).filter(([path]) => !path.startsWith('/dev/')),
    );
    const found = await finding('devices', files);
    expect(found).toMatchObject({ level: 'error' });
    expect(found!.remedy).toContain('runtime: nvidia');
  });
});

describe('GPU, power and heat', () => {
  /** Someone who may open none of these files. */
  class Stranger extends Machine {
    override access(path: string): Promise<Look<true>> {
      return path.startsWith('/dev/') ? Promise.resolve({ code: 'EACCES' }) : super.access(path);
    }
    override async stat(path: string): ReturnType<Machine['stat']> {
      const found = await super.stat(path);
      if (found.value === undefined || !path.startsWith('/dev/')) return found;
      // As the driver has them: some are for root alone.
      const { value } = found;
      if (path.endsWith('channel')) return { value: { ...value, gid: 0, mode: 0o660 } };
      if (path.endsWith('nvhost-gpu')) return { value: { ...value, gid: 45, mode: 0o600 } };
      return { value: { ...value, gid: path.includes('render') ? 104 : 44, mode: 0o660 } };
    }
  }
  const stranger = (root: string): Machine => new Stranger({ root, env: {} });

  test('devices that this user may not open: their groups', async () => {
    const files = { ...NANO, '/etc/group': 'video:x:44:\n' };
    expect(await finding('devices', files, { machine: stranger })).toMatchObject({
      level: 'error',
      value: 'this user may not open those of the groups video, 104: no CUDA',
      remedy: 'sudo usermod -aG video,104 "$USER", then log in anew',
    });
    const inside = await finding('devices', container(files, JETPACK_6), { machine: stranger });
    expect(inside!.remedy).toContain('docker/jetson/host.sh');
  });

  test('throttling for want of voltage', async () => {
    const files = { ...NANO, '/sys/class/hwmon/hwmon3/oc1_event_cnt': '7\n' };
    expect((await lines(files))['throttled']).toMatch(/^warning since the start 7 times for low voltage/);
  });

  test('heat near the point where the board slows down', async () => {
    const files = { ...NANO, '/sys/class/thermal/thermal_zone8/temp': '95500\n' };
    expect((await lines(files))['temperature']).toBe(
      'warning 95.5 °C (tj-thermal), GPU 45.7 °C; from 99 °C on it slows down',
    );
  });

  test('the mode without nvpmodel, by name and by number', async () => {
    const rest = without(NANO, '/usr/sbin/nvpmodel', '/etc/nvpmodel.conf');
    const conf = NANO['/etc/nvpmodel.conf']!;
    const files = { ...rest, '/var/lib/nvpmodel/status': 'pmode:0002' };
    expect((await lines({ ...files, '/etc/nvpmodel.conf': conf }))['mode']).toMatch(/^info MAXN_SUPER /);
    expect((await lines(files))['mode']).toBe('info number 2');
    expect((await lines(rest))['mode']).toMatch(/^info unknown/);
  });

  test('a unit that hangs does not keep the others from being read', async () => {
    const pipe = '/sys/class/thermal/thermal_zone2/temp';
    const found = await lines(NANO, {
      change: (root) => {
        rmSync(root + pipe);
        execFileSync('mkfifo', [root + pipe]);
      },
    });
    expect(found['temperature']).toBe('ok 50.9 °C (tj-thermal), GPU 45.7 °C, cv0-thermal does not answer');
    expect(found['memory']).toMatch(/^ok/);
  });

  test('a clock that cannot be read, and none', async () => {
    const clock = '/sys/class/devfreq/17000000.gpu/cur_freq';
    const change = (root: string): void => {
      rmSync(root + clock);
      mkdirSync(root + clock);
    };
    expect((await lines(NANO, { change }))['clock']).toBe(
      'warning unknown: /sys/class/devfreq/17000000.gpu cannot be read',
    );
    const none = Object.fromEntries(Object.entries(NANO).filter(([path]) => !path.includes('17000000')));
    expect((await lines(none))['clock']).toBe('warning unknown: no GPU in /sys/class/devfreq');
  });
});

describe('memory and software', () => {
  test.each([
    [900, 'warning 0.9 of 7.4 GiB available, shared with the GPU: little'],
    [400, 'error 0.4 of 7.4 GiB available, shared with the GPU: the node may be killed'],
  ])('%d MiB left', async (mib, expected) => {
    const files = {
      ...NANO,
      '/proc/meminfo': `MemTotal: 7802880 kB\nMemAvailable: ${mib * 1024} kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n`,
    };
    const found = await lines(files);
    expect(found['memory']).toBe(expected);
    expect(found['swap']).toBe('warning none: building an engine may run out of memory');
  });

  test('TensorRT 11', async () => {
    const ten = '/usr/lib/aarch64-linux-gnu/libnvinfer.so.10.3.0';
    const rest = without(NANO, ten);
    const files = { ...rest, '/usr/lib/aarch64-linux-gnu/libnvinfer.so.11.0.0': '' };
    const found = await finding('TensorRT', files);
    expect(found).toMatchObject({ level: 'error' });
    expect(found!.remedy).toContain('"libnvinfer10=10.*"');
    const both = { ...files, [ten]: '' };
    expect(await finding('TensorRT', both)).toMatchObject({ level: 'warning' });
  });

  test('versions from other places than usual', async () => {
    const rest = without(NANO, '/usr/lib/aarch64-linux-gnu/libnvinfer.so.10.3.0');
    const found = await lines({
      ...rest,
      '/usr/local/cuda/version.json': '{ "cuda" : ',
      '/usr/local/cuda-12.6/x': '',
      '/var/lib/dpkg/status':
        'Package: libnvinfer10\nStatus: install ok installed\nVersion: 10.3.0.30-1+cuda12.5\n',
    });
    expect(found).toMatchObject({ CUDA: 'ok 12.6', TensorRT: 'ok 10.3.0.30' });
  });

  test('onnxruntime of mixed builds', async () => {
    const library = `${PACKAGES}/onnxruntime-node/bin/napi-v6/linux/${process.arch}`;
    const mixed = { ...PC, ...NPM, [`${library}/libonnxruntime.so.1`]: 'VERS_1.26.0\0' };
    expect((await lines(mixed))['onnxruntime']).toBe(
      'error package, binding and library are of different versions: 1.30.0, 1.26.0',
    );
    const named = { ...PC, ...NPM, [`${library}/libonnxruntime.so.1.26.0`]: '' };
    expect((await lines(named))['onnxruntime']).toMatch(/^error .*1\.30\.0, 1\.26\.0$/);
  });

  test('onnxruntime that cannot be loaded', async () => {
    const broken: Program = {
      ...program,
      backends: () => Promise.reject(new Error('libnvinfer.so.10: cannot open shared object file')),
    };
    const found = await lines({ ...PC, ...NPM }, { program: broken });
    expect(found['providers']).toBe(
      'error onnxruntime-node cannot be loaded: libnvinfer.so.10: cannot open shared object file',
    );
  });

  test('a Jetson with the onnxruntime of npm', async () => {
    expect((await lines({ ...NANO, ...NPM }))['providers']).toMatch(/^warning cpu alone/);
  });

  test.each(['18.20.4', '20.20.1'])('Node.js %s is too old', async (nodeVersion) => {
    expect(await namesOf('error', { ...PC, ...NPM }, { program: { ...program, nodeVersion } })).toEqual([
      'Node.js',
    ]);
  });

  test('a CPU without instructions for int8', async () => {
    expect((await lines(PC))['CPU']).toBe(
      'info Intel(R) Core(TM) i5-3570 CPU @ 3.40GHz, 1 cores, no instructions for int8: networks are little faster than in float',
    );
  });
});

describe('the folder of engines', () => {
  const path = '/home/a/.cache/attendseg_node/engines';
  const files: Files = { ...NANO, [`${path}/x.engine`]: '' };
  const env = { HOME: '/home/a' };
  const mode = (bits: string) => (root: string) => {
    execFileSync('chmod', [bits, root + path]);
  };

  test.each([
    ['700', `ok ${path}, 1 entries`],
    ['755', `warning ${path}, 1 entries, mode 755: others can read it`],
    ['777', `error ${path}, 1 entries, mode 777: others can put engines there, which are programs`],
  ])('mode %s', async (bits, expected) => {
    expect((await lines(files, { env, change: mode(bits) }))['cache']).toBe(expected);
  });

  test('of another user', async () => {
    const found = await finding('cache', files, { env, uid: ME + 1, change: mode('700') });
    expect(found).toMatchObject({
      level: 'error',
      value: `${path} belongs to ${ME}, not to ${ME + 1}: its engines are refused`,
    });
  });

  test('elsewhere, and a file in its place', async () => {
    const given = { env: { ...env, ATTENDSEG_ENGINE_CACHE: '/data/engines' } };
    expect((await lines(files, given))['cache']).toBe('info /data/engines is not there yet');
    expect((await lines({ ...files, '/data/engines': '' }, given))['cache']).toBe(
      'error /data/engines is no folder',
    );
  });
});

test('the lines fit, and nothing is coloured that is not looked at', () => {
  const { ok, warning } = inGroup('Group');
  const findings = [ok('one', 'fine'), warning('two', 'word '.repeat(30).trim(), 'do '.repeat(40).trim())];
  const text = told(findings, { colour: false, width: 60 });
  expect(text.split('\n').slice(0, 3)).toEqual([
    'Group',
    '  ok       one: fine',
    `  warning  two: ${'word '.repeat(9).trim()}`,
  ]);
  expect(text).toContain('\n             -> do do');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(text).toMatch(/\n\n0 errors, 1 warning$/);
  expect(told(findings, { colour: true, width: 60 })).toContain('\u001b[33mwarning\u001b[39m');
});
