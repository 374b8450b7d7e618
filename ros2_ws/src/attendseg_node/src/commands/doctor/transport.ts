import type { Size } from '../optionValues.js';
import { type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';
import type { Program } from './program.js';
import { isSourced, middleware } from './ros.js';
import { userName } from './users.js';

const { ok, info, warning, error } = inGroup('Transport');
const MIB = 2 ** 20;
/** Of Fast DDS, unless a profile says otherwise. */
const DEFAULT_SEGMENT = MIB / 2;
/** A sender keeps an image while its readers take it, and writes the next. */
const IMAGES = 4;
/** Those of config/fastdds.xml. */
const BUFFERS = 4 * MIB;
/** An image that lacks a fragment stays for half a minute: room for many of them. */
const FRAGMENTS = 128 * MIB;

/** Whether rgb8 images of this size come through whole. */
export async function checkTransport(machine: Machine, program: Program, image: Size): Promise<Finding[]> {
  const bytes = image.width * image.height * 3;
  const findings = [info('image', `${image.width}x${image.height} rgb8, ${mib(bytes)} (--image)`)];
  const fast = middleware(machine).includes('fastrtps');
  if (!isSourced(machine))
    return [...findings, info('profile', 'no ROS 2 is sourced'), ...(await owners(machine))];
  if (fast) findings.push(...(await profileFindings(machine, program, bytes)));
  findings.push(...(await kernelFindings(machine, bytes, fast)));
  return [...findings, ...(await owners(machine))];
}

/** Fast DDS 2, of Humble and Jazzy, reads the older variable. */
function profileVariable(machine: Machine): string {
  return ['humble', 'jazzy'].includes(machine.variable('ROS_DISTRO') ?? '')
    ? 'FASTRTPS_DEFAULT_PROFILES_FILE'
    : 'FASTDDS_DEFAULT_PROFILES_FILE';
}

async function profileFindings(machine: Machine, program: Program, bytes: number): Promise<Finding[]> {
  const variable = profileVariable(machine);
  const other = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'].find(
    (name) => name !== variable && machine.variable(name) !== undefined,
  );
  const remedy = `for the camera’s process too: export ${variable}=${program.fastDdsProfile}`;
  const path = machine.variable(variable);
  if (path === undefined) {
    const also =
      other === undefined ? '' : ` (${other} is, but ${machine.variable('ROS_DISTRO')!} reads the former)`;
    const transports = machine.variable('FASTDDS_BUILTIN_TRANSPORTS');
    const instead = transports === undefined ? '' : `, FASTDDS_BUILTIN_TRANSPORTS=${transports}`;
    const told = `${variable} is not set${also}${instead}`;
    if (bytes <= DEFAULT_SEGMENT / IMAGES) return [ok('profile', `${told}; the defaults do for such images`)];
    return [warning('profile', `${told}: many of these images get lost`, remedy)];
  }
  const { value: text, code } = await machine.readText(path, { bytes: MIB });
  if (text === undefined) {
    return [error('profile', `${variable}: ${path} ${toldCode(code)}`, remedy)];
  }
  const segment = numberOf(text, 'segment_size') ?? DEFAULT_SEGMENT;
  const largest = numberOf(text, 'maxMessageSize') ?? segment;
  const room = Math.floor(segment / bytes);
  const shared = `${mib(segment)} of shared memory: ${room === 0 ? 'not one such image' : `${room} such images`}`;
  const findings = [
    room >= IMAGES && largest >= bytes
      ? ok('profile', `${path}: ${shared}`)
      : warning(
          'profile',
          `${path}: ${shared}${largest < bytes ? `, and messages of ${mib(largest)} at most` : ''}`,
          `set segment_size to ${IMAGES * bytes} or more, and maxMessageSize above ${bytes}; see ${program.fastDdsProfile}`,
        ),
  ];
  const free = (await machine.freeSpace('/dev/shm')).value;
  if (free !== undefined && free < 2 * segment) {
    findings.push(
      warning(
        '/dev/shm',
        `${mib(free)} free, and each process takes ${mib(segment)}`,
        'a container: ipc: host, or a larger --shm-size; else remove what crashed processes left: fastdds shm clean',
      ),
    );
  }
  return findings;
}

/** The first setting of this name in a profile. */
function numberOf(xml: string, name: string): number | undefined {
  const [, digits] =
    new RegExp(`<${name}>\\s*(\\d+)\\s*</${name}>`).exec(xml.replaceAll(/<!--.*?-->/gs, '')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What images take that come by UDP: from other machines, and with Cyclone DDS from this one too. */
async function kernelFindings(machine: Machine, bytes: number, fast: boolean): Promise<Finding[]> {
  const wanted = Math.max(BUFFERS, 2 ** Math.ceil(Math.log2(bytes)));
  const settings = [
    ['net.core.rmem_max', wanted],
    ['net.core.wmem_max', wanted],
    ['net.ipv4.ipfrag_high_thresh', FRAGMENTS],
  ] as const;
  const small: string[] = [];
  const values: string[] = [];
  for (const [name, least] of settings) {
    const { value, code } = await machine.readText(`/proc/sys/${name.replaceAll('.', '/')}`, { bytes: 64 });
    // Containers with a network of their own do not see all.
    if (value === undefined) values.push(`${name} ${toldCode(code)}`);
    else {
      values.push(`${name} ${mib(Number(value))}`);
      if (Number(value) < least) small.push(`${name}=${least}`);
    }
  }
  const told = values.join(', ');
  if (small.length === 0) return [ok('kernel', told)];
  const remedy = `${fast ? 'for cameras on other machines: ' : ''}sudo sysctl -w ${small.join(' ')}`;
  return [
    fast ? info('kernel', told, remedy) : warning('kernel', `${told}: too small for such images`, remedy),
  ];
}

/** Processes of different users find each other, but no data passes between them. */
async function owners(machine: Machine): Promise<Finding[]> {
  const files = ((await machine.list('/dev/shm')).value ?? []).filter((name) =>
    /^(?:sem\.)?fastrtps_/.test(name),
  );
  const others = new Map<number, number>();
  for (const name of files) {
    const uid = (await machine.stat(`/dev/shm/${name}`)).value?.uid;
    if (uid !== undefined && uid !== machine.uid) others.set(uid, (others.get(uid) ?? 0) + 1);
  }
  if (others.size === 0) {
    return files.length === 0
      ? []
      : [ok('owners', `${files.length} files of Fast DDS in /dev/shm, all this user's`)];
  }
  const told = await Promise.all(
    [...others].map(async ([uid, count]) => `${count} of user ${await userName(machine, uid)}`),
  );
  return [
    warning(
      'owners',
      `Fast DDS in /dev/shm: ${told.join(', ')}, but this user is ${await userName(machine, machine.uid)}; topics are seen, and no data comes`,
      'run cameras and node as one user (containers: user: UID:GID); what crashed processes left: fastdds shm clean',
    ),
  ];
}

function mib(bytes: number): string {
  return bytes < MIB ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`;
}
