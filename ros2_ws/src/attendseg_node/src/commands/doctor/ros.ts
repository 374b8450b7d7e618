import { type Finding, inGroup } from './finding.js';
import type { Machine } from './machine.js';
import type { Program } from './program.js';

const { ok, info, warning, error } = inGroup('ROS 2');
/** What rclnodejs 2 supports, with the number by which it calls them when it is compiled. */
const DISTRIBUTIONS: Record<string, string> = {
  humble: '2205',
  jazzy: '2405',
  kilted: '2505',
  lyrical: '2605',
};
const DEFAULT_RMW = 'rmw_fastrtps_cpp';
const RANGES = ['SUBNET', 'LOCALHOST', 'OFF', 'SYSTEM_DEFAULT'];
/** From there on, ports of a domain are ones that Linux hands out to programs. */
const BUSY_DOMAIN = 102;
const LAST_DOMAIN = 232;

/** The middleware that is in use. */
export function middleware(machine: Machine): string {
  return machine.variable('RMW_IMPLEMENTATION') ?? DEFAULT_RMW;
}

/** Is a ROS 2 sourced? */
export function isSourced(machine: Machine): boolean {
  return machine.variable('ROS_DISTRO') !== undefined && machine.variable('AMENT_PREFIX_PATH') !== undefined;
}

/** The sourced ROS 2, what the node needs of it, and its settings. */
export async function checkRos(machine: Machine, program: Program): Promise<Finding[]> {
  const installed = (await machine.list('/opt/ros')).value ?? [];
  if (!isSourced(machine)) {
    const [distribution] = installed;
    return [
      distribution === undefined
        ? info('distribution', 'none: the commands node and play need one, the others do not')
        : warning(
            'distribution',
            `none sourced, but /opt/ros has ${installed.join(', ')}`,
            `source /opt/ros/${distribution}/setup.bash`,
          ),
    ];
  }
  const distribution = machine.variable('ROS_DISTRO')!;
  const prefixes = machine.variable('AMENT_PREFIX_PATH')!.split(':').filter(Boolean);
  const known = Object.keys(DISTRIBUTIONS);
  return [
    known.includes(distribution)
      ? ok('distribution', `${distribution} (${prefixes.join(', ')})`)
      : warning('distribution', `${distribution}: known are ${known.join(', ')}`, 'source one of these'),
    await bindingFinding(machine, program, distribution),
    await packagesFinding(machine, prefixes, distribution),
    await middlewareFinding(machine, prefixes, distribution),
    ...settingFindings(machine, distribution),
  ];
}

/** rclnodejs is compiled against one distribution, and ends the process on another. */
async function bindingFinding(machine: Machine, program: Program, distribution: string): Promise<Finding> {
  const folder = await program.folderOf('rclnodejs');
  if (folder === undefined) return error('rclnodejs', 'is not installed', 'install attendseg_node anew');
  const remedy = `with ${distribution} sourced, build attendseg_node anew`;
  const compiled = (await machine.stat(`${folder}/build/Release/rclnodejs.node`)).value !== undefined;
  const recipe = (await machine.readText(`${folder}/build/rclnodejs.target.mk`)).value ?? '';
  const [, number] = /-DROS_VERSION=(\d+)/.exec(recipe) ?? [];
  const other = Object.keys(DISTRIBUTIONS).find((name) => DISTRIBUTIONS[name] === number);
  if (compiled && number !== undefined && number !== DISTRIBUTIONS[distribution]) {
    return error(
      'rclnodejs',
      `compiled for ${other ?? `distribution ${number}`}, but ${distribution} is sourced`,
      other === undefined ? remedy : `${remedy}, or source ${other}`,
    );
  }
  if (compiled) {
    return number === undefined
      ? info('rclnodejs', 'compiled, for which distribution is not told')
      : ok('rclnodejs', `compiled for ${distribution}`);
  }
  const prebuilt = `${folder}/prebuilds/linux-${process.arch}`;
  const files = (await machine.list(prebuilt)).value ?? [];
  return files.some((name) => name.startsWith(`${distribution}-`) && name.includes('-node-'))
    ? ok('rclnodejs', `prebuilt for ${distribution}`)
    : error('rclnodejs', `has no binary for ${distribution}`, remedy);
}

async function packagesFinding(
  machine: Machine,
  prefixes: readonly string[],
  distribution: string,
): Promise<Finding> {
  const wanted = ['sensor_msgs', 'diagnostic_msgs', 'lifecycle_msgs', 'std_srvs', 'vision_msgs', 'bond'];
  const missing: string[] = [];
  for (const name of wanted) if (!(await hasPackage(machine, prefixes, name))) missing.push(name);
  if (missing.length === 0) return ok('packages', `${wanted.join(', ')} found`);
  const debian = missing.map((name) => `ros-${distribution}-${name.replaceAll('_', '-')}`);
  return error('packages', `missing: ${missing.join(', ')}`, `sudo apt install ${debian.join(' ')}`);
}

async function hasPackage(machine: Machine, prefixes: readonly string[], name: string): Promise<boolean> {
  for (const prefix of prefixes) {
    if ((await machine.stat(`${prefix}/share/${name}/package.xml`)).value !== undefined) return true;
  }
  return false;
}

async function middlewareFinding(
  machine: Machine,
  prefixes: readonly string[],
  distribution: string,
): Promise<Finding> {
  const name = middleware(machine);
  const told = machine.variable('RMW_IMPLEMENTATION') === undefined ? `${name} (the default)` : name;
  if (!(await hasPackage(machine, prefixes, name))) {
    return error(
      'middleware',
      `${told} is not installed`,
      `sudo apt install ros-${distribution}-${name.replaceAll('_', '-')}, or change RMW_IMPLEMENTATION`,
    );
  }
  if (name.includes('cyclonedds'))
    return ok('middleware', `${told}: it does not tell how many images get lost`);
  if (name.includes('fastrtps')) return ok('middleware', told);
  return info('middleware', `${told}: nobody has tried the node with it`);
}

function settingFindings(machine: Machine, distribution: string): Finding[] {
  const domain = machine.variable('ROS_DOMAIN_ID') ?? '0';
  const number = /^\d+$/.test(domain) ? Number(domain) : NaN;
  const findings = [
    !(number <= LAST_DOMAIN)
      ? error('domain', `ROS_DOMAIN_ID is '${domain}'`, `give a whole number from 0 to ${LAST_DOMAIN}`)
      : number >= BUSY_DOMAIN && number < 215
        ? warning('domain', `${number}: its ports are ones that Linux hands out`, 'take one from 0 to 101')
        : ok('domain', String(number)),
  ];
  const range = machine.variable('ROS_AUTOMATIC_DISCOVERY_RANGE');
  const only = machine.variable('ROS_LOCALHOST_ONLY');
  if (only !== undefined && !['0', '1'].includes(only)) {
    findings.push(error('discovery', `ROS_LOCALHOST_ONLY is '${only}'`, 'give 0 or 1, or unset it'));
  } else if (only === '1') {
    // Newer distributions still know it, and let it win.
    findings.push(info('discovery', 'this machine only (ROS_LOCALHOST_ONLY=1)'));
  } else if (range === undefined || distribution === 'humble') {
    findings.push(ok('discovery', 'the local network'));
  } else if (!RANGES.includes(range)) {
    findings.push(
      error('discovery', `ROS_AUTOMATIC_DISCOVERY_RANGE is '${range}'`, `give one of ${RANGES.join(', ')}`),
    );
  } else if (range === 'OFF') {
    findings.push(
      warning(
        'discovery',
        'off: no camera is found (ROS_AUTOMATIC_DISCOVERY_RANGE=OFF)',
        'unset it, or set it to LOCALHOST or SUBNET',
      ),
    );
  } else {
    findings.push(
      range === 'LOCALHOST'
        ? info('discovery', 'this machine only (ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST)')
        : ok('discovery', `the local network (ROS_AUTOMATIC_DISCOVERY_RANGE=${range})`),
    );
  }
  return findings;
}
