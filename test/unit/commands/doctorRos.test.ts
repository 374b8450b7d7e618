import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Finding } from '#commands/doctor/finding.js';
import { Machine } from '#commands/doctor/machine.js';
import type { Program } from '#commands/doctor/program.js';
import { checkRos } from '#commands/doctor/ros.js';
import { checkTransport } from '#commands/doctor/transport.js';
import { type Files, forget, PC, record } from './recordedMachines.js';

const RCLNODEJS = '/opt/attendseg/node_modules/rclnodejs';
const PROFILE = '/opt/attendseg/config/fastdds.xml';
const SHIPPED = readFileSync(new URL('../../../config/fastdds.xml', import.meta.url), 'utf8');
const ME = process.getuid!();

const program: Program = {
  fastDdsProfile: PROFILE,
  nodeVersion: '22.20.0',
  folderOf: (name) => Promise.resolve(`/opt/attendseg/node_modules/${name}`),
  backends: () => Promise.resolve(['cpu']),
};

/** A sourced ROS 2 with all that the node needs. */
const JAZZY: Files = {
  ...PC,
  ...Object.fromEntries(
    [
      'sensor_msgs',
      'diagnostic_msgs',
      'lifecycle_msgs',
      'std_srvs',
      'vision_msgs',
      'bond',
      'rmw_fastrtps_cpp',
      'rmw_cyclonedds_cpp',
    ].map((name) => [`/opt/ros/jazzy/share/${name}/package.xml`, '<package/>']),
  ),
  [`${RCLNODEJS}/build/Release/rclnodejs.node`]: '',
  [`${RCLNODEJS}/build/rclnodejs.target.mk`]: "DEFS_Release := \\\n\t'-DROS_VERSION=2405' \\\n",
  [PROFILE]: SHIPPED,
  '/proc/sys/net/core/rmem_max': '212992\n',
  '/proc/sys/net/core/wmem_max': '212992\n',
  '/proc/sys/net/ipv4/ipfrag_high_thresh': '4194304\n',
};
const ENV = { ROS_DISTRO: 'jazzy', AMENT_PREFIX_PATH: '/home/a/ws/install:/opt/ros/jazzy' };

afterAll(forget);

interface Case {
  env?: NodeJS.ProcessEnv;
  uid?: number;
  image?: { width: number; height: number };
  change?: (root: string) => void;
}

async function findingsOf(
  files: Files,
  { env = {}, uid = ME, image, change }: Case = {},
): Promise<Finding[]> {
  const root = record(files);
  change?.(root);
  const machine = new Machine({ root, env: { ...ENV, ...env }, uid });
  try {
    return [
      ...(await checkRos(machine, program)),
      ...(await checkTransport(machine, program, image ?? { width: 1920, height: 1080 })),
    ];
  } finally {
    machine.close();
  }
}

async function finding(name: string, files: Files, given?: Case): Promise<Finding> {
  return (await findingsOf(files, given)).find((found) => found.name === name)!;
}

async function line(name: string, files: Files, given?: Case): Promise<string> {
  const { level, value } = await finding(name, files, given);
  return `${level} ${value}`;
}

describe('ROS 2', () => {
  test('all that is needed', async () => {
    const findings = await findingsOf(JAZZY, { env: { FASTRTPS_DEFAULT_PROFILES_FILE: PROFILE } });
    expect(findings.map(({ name, level }) => `${level} ${name}`)).toEqual([
      'ok distribution',
      'ok rclnodejs',
      'ok packages',
      'ok middleware',
      'ok domain',
      'ok discovery',
      'info image',
      'ok profile',
      'info kernel',
    ]);
  });

  test.each([{ ROS_DISTRO: '' }, { AMENT_PREFIX_PATH: undefined }])('not sourced: %j', async (env) => {
    expect(await finding('distribution', JAZZY, { env })).toMatchObject({
      level: 'warning',
      value: 'none sourced, but /opt/ros has jazzy',
      remedy: 'source /opt/ros/jazzy/setup.bash',
    });
    expect(await line('profile', JAZZY, { env })).toBe('info no ROS 2 is sourced');
  });

  test('a distribution that nobody knows', async () => {
    const env = { ROS_DISTRO: 'rolling' };
    expect(await line('distribution', JAZZY, { env })).toMatch(/^warning rolling: known are humble, jazzy/);
  });

  test('rclnodejs of another distribution, prebuilt and none', async () => {
    const kilted = { ...JAZZY, [`${RCLNODEJS}/build/rclnodejs.target.mk`]: '-DROS_VERSION=2505' };
    expect(await line('rclnodejs', kilted)).toBe('error compiled for kilted, but jazzy is sourced');
    const none = Object.fromEntries(
      Object.entries(JAZZY).filter(([path]) => !path.startsWith(`${RCLNODEJS}/build`)),
    );
    const prebuilt = `${RCLNODEJS}/prebuilds/linux-${process.arch}`;
    const other = { ...none, [`${prebuilt}/humble-jammy-${process.arch}-node-rclnodejs.node`]: '' };
    expect(await line('rclnodejs', other)).toBe('error has no binary for jazzy');
    const right = { ...none, [`${prebuilt}/jazzy-noble-${process.arch}-node-rclnodejs.node`]: '' };
    expect(await line('rclnodejs', right)).toBe('ok prebuilt for jazzy');
  });

  test('packages that are missing', async () => {
    const files = Object.fromEntries(
      Object.entries(JAZZY).filter(([path]) => !/vision_msgs|bond/.test(path)),
    );
    expect(await finding('packages', files)).toMatchObject({
      level: 'error',
      value: 'missing: vision_msgs, bond',
      remedy: 'sudo apt install ros-jazzy-vision-msgs ros-jazzy-bond',
    });
  });

  test.each([
    ['rmw_cyclonedds_cpp', 'ok rmw_cyclonedds_cpp: it does not tell how many images get lost'],
    ['rmw_zenoh_cpp', 'error rmw_zenoh_cpp is not installed'],
    ['', 'ok rmw_fastrtps_cpp (the default)'],
  ])('middleware %j', async (RMW_IMPLEMENTATION, expected) => {
    expect(await line('middleware', JAZZY, { env: { RMW_IMPLEMENTATION } })).toBe(expected);
  });

  test.each([
    ['42', 'ok 42'],
    ['150', 'warning 150: its ports are ones that Linux hands out'],
    ['233', "error ROS_DOMAIN_ID is '233'"],
    ['robot', "error ROS_DOMAIN_ID is 'robot'"],
  ])('domain %s', async (ROS_DOMAIN_ID, expected) => {
    expect(await line('domain', JAZZY, { env: { ROS_DOMAIN_ID } })).toBe(expected);
  });

  test.each<[NodeJS.ProcessEnv, string]>([
    [{ ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST' }, 'info'],
    [{ ROS_AUTOMATIC_DISCOVERY_RANGE: 'SUBNET' }, 'ok'],
    [{ ROS_AUTOMATIC_DISCOVERY_RANGE: 'OFF' }, 'warning'],
    [{ ROS_AUTOMATIC_DISCOVERY_RANGE: 'localhost' }, 'error'],
    [{ ROS_LOCALHOST_ONLY: '1' }, 'info'],
    [{ ROS_LOCALHOST_ONLY: 'yes' }, 'error'],
  ])('discovery %j', async (env, level) => {
    expect((await finding('discovery', JAZZY, { env })).level).toBe(level);
  });
});

describe('transport', () => {
  const variable = 'FASTRTPS_DEFAULT_PROFILES_FILE';

  test('no profile: only small images come through', async () => {
    expect(await finding('profile', JAZZY)).toMatchObject({
      level: 'warning',
      value: `${variable} is not set: many of these images get lost`,
      remedy: `for the camera’s process too: export ${variable}=${PROFILE}`,
    });
    expect((await finding('profile', JAZZY, { image: { width: 160, height: 120 } })).level).toBe('ok');
  });

  test('the variable of the other Fast DDS', async () => {
    const env = { FASTDDS_DEFAULT_PROFILES_FILE: PROFILE };
    expect(await line('profile', JAZZY, { env })).toMatch(/but jazzy reads the former/);
    const kilted = { ...env, ROS_DISTRO: 'kilted' };
    expect((await finding('profile', JAZZY, { env: kilted })).level).toBe('ok');
  });

  test('the shipped profile, and images that are too large for it', async () => {
    const env = { [variable]: PROFILE };
    expect(await line('profile', JAZZY, { env })).toBe(
      `ok ${PROFILE}: 64.0 MiB of shared memory: 10 such images`,
    );
    expect(await line('profile', JAZZY, { env, image: { width: 4096, height: 3000 } })).toBe(
      `warning ${PROFILE}: 64.0 MiB of shared memory: 1 such images, and messages of 16.0 MiB at most`,
    );
  });

  test('a profile that is not there, one that hangs, and one without the setting', async () => {
    const env = { [variable]: '/home/a/dds.xml' };
    expect(await line('profile', JAZZY, { env })).toBe(`error ${variable}: /home/a/dds.xml is not there`);
    const change = (root: string): void => {
      execFileSync('mkdir', ['-p', `${root}/home/a`]);
      execFileSync('mkfifo', [`${root}/home/a/dds.xml`]);
    };
    expect(await line('profile', JAZZY, { env, change })).toBe(
      `error ${variable}: /home/a/dds.xml does not answer`,
    );
    const files = {
      ...JAZZY,
      '/home/a/dds.xml': '<dds><!-- <segment_size>67108864</segment_size> --></dds>',
    };
    expect(await line('profile', files, { env })).toMatch(
      /^warning .*: 512 KiB of shared memory: not one such image/,
    );
  });

  test('kernel buffers matter more to Cyclone DDS', async () => {
    const env = { RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' };
    const small = await finding('kernel', JAZZY, { env });
    expect(small).toMatchObject({
      level: 'warning',
      remedy:
        'sudo sysctl -w net.core.rmem_max=8388608 net.core.wmem_max=8388608 net.ipv4.ipfrag_high_thresh=134217728',
    });
    const large = {
      ...JAZZY,
      '/proc/sys/net/core/rmem_max': '2147483647\n',
      '/proc/sys/net/core/wmem_max': '8388608\n',
      '/proc/sys/net/ipv4/ipfrag_high_thresh': '134217728\n',
    };
    expect((await finding('kernel', large, { env })).level).toBe('ok');
    const hidden = Object.fromEntries(Object.entries(large).filter(([path]) => !path.endsWith('mem_max')));
    expect(await line('kernel', hidden, { env })).toMatch(/^ok net.core.rmem_max is not there/);
  });

  test('shared memory of another user', async () => {
    const files = {
      ...JAZZY,
      '/dev/shm/fastrtps_1f2e': '',
      '/dev/shm/sem.fastrtps_1f2e_mutex': '',
      '/dev/shm/other': '',
      '/etc/passwd': `camera:x:${ME}:${ME}::/:/bin/sh\n`,
    };
    expect(await line('owners', files)).toBe("ok 2 files of Fast DDS in /dev/shm, all this user's");
    expect(await line('owners', files, { uid: ME + 1 })).toBe(
      `warning Fast DDS in /dev/shm: 2 of user camera, but this user is ${ME + 1}; topics are seen, and no data comes`,
    );
  });
});
