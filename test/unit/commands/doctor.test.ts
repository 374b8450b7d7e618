import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { inGroup } from '#commands/doctor/finding.js';
import { Machine, type Look } from '#commands/doctor/machine.js';
import { told } from '#commands/doctor/print.js';
import type { Program } from '#commands/doctor/program.js';
import { finding, lines, ME, namesOf, NANO, NPM, PACKAGES, program, without } from './examined.js';
import { container, type Files, forget, JETPACK_6, PC } from './recordedMachines.js';

afterAll(forget);

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
