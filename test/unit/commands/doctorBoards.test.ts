import { afterAll, describe, expect, test } from '@jest/globals';
import { finding, lines, NANO, NPM, OWN, without } from './examined.js';
import { container, type Files, forget, HOSTS, JETPACK_6, JETPACK_7, PC } from './recordedMachines.js';

afterAll(forget);

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
