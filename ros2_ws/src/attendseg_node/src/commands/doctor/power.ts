import type { Board } from './board.js';
import { type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';

const { ok, info, warning } = inGroup('Power and heat');
const HWMON = '/sys/class/hwmon';
const THERMAL = '/sys/class/thermal';
/** Near the point from which the board slows down, in degrees. */
const NEAR = 5;

/** Power mode, throttling, temperatures. */
export async function checkPower(machine: Machine, { jetson, container }: Board): Promise<Finding[]> {
  return [
    ...(jetson ? [await modeFinding(machine, container), ...(await throttleFindings(machine))] : []),
    ...(await heatFindings(machine, jetson)),
  ];
}

async function modeFinding(machine: Machine, container?: string): Promise<Finding> {
  // It prints the mode, and then may end with an error for want of rights.
  const asked = await machine.run('/usr/sbin/nvpmodel', ['-q']);
  const [, told] = /^NV Power Mode: *(\S+)/m.exec(asked.value?.stdout ?? '') ?? [];
  const modes = (await machine.readText('/etc/nvpmodel.conf', { bytes: 2 ** 20 })).value ?? '';
  const names = new Map(
    [...modes.matchAll(/^< *POWER_MODEL +ID=(\d+) +NAME=(\S+?) *>/gm)].map(([, id, name]) => [
      Number(id),
      name!,
    ]),
  );
  const [, id] = /^pmode:(\d+)/m.exec((await machine.readText('/var/lib/nvpmodel/status')).value ?? '') ?? [];
  const mode = told ?? (id === undefined ? undefined : (names.get(Number(id)) ?? `number ${Number(id)}`));
  if (mode === undefined) {
    return info(
      'mode',
      'unknown: nvpmodel -q tells none, nor does /var/lib/nvpmodel/status',
      container === undefined
        ? undefined
        : 'mount the host’s /var/lib/nvpmodel and /etc/nvpmodel.conf read-only',
    );
  }
  const others = [...names].filter(([, name]) => name !== mode).map(([number, name]) => `${number} ${name}`);
  return info(
    'mode',
    others.length === 0 ? mode : `${mode} (others: ${others.join(', ')})`,
    mode.startsWith('MAXN') || others.length === 0 ? undefined : 'for more speed: sudo nvpmodel -m NUMBER',
  );
}

/** How often the board has slowed down since it was started because it drew too much current. */
async function throttleFindings(machine: Machine): Promise<Finding[]> {
  for (const folder of (await machine.list(HWMON)).value ?? []) {
    const read = async (file: string): Promise<string | undefined> =>
      (await machine.readText(`${HWMON}/${folder}/${file}`)).value?.trim();
    if ((await read('name')) !== 'soctherm_oc') continue;
    const counts = await Promise.all(
      [1, 2, 3].map(async (i) => Number((await read(`oc${i}_event_cnt`)) ?? 0)),
    );
    const [low = 0, average = 0, peak = 0] = counts;
    const told = `since the start ${low} times for low voltage, ${average} for average and ${peak} for peak current`;
    if (low > 0 || average > 0) {
      return [
        warning(
          'throttled',
          told,
          'a stronger power supply or cable, or a lower power mode: sudo nvpmodel -m NUMBER',
        ),
      ];
    }
    // Short peaks are usual in the mode without limit, and cost little.
    return [peak > 0 ? info('throttled', told) : ok('throttled', 'not since the start')];
  }
  return [];
}

interface Zone {
  readonly path: string;
  readonly type: string;
  readonly degrees: number;
}

async function heatFindings(machine: Machine, jetson: boolean): Promise<Finding[]> {
  const zones: Zone[] = [];
  const silent: string[] = [];
  for (const folder of (await machine.list(THERMAL)).value ?? []) {
    if (!/^thermal_zone\d+$/.test(folder)) continue;
    const path = `${THERMAL}/${folder}`;
    const type = (await machine.readText(`${path}/type`)).value?.trim() ?? folder;
    const { value, code } = await machine.readText(`${path}/temp`);
    // Units that are switched off say nothing (EAGAIN), or -256 degrees.
    if (value === undefined && code !== 'EAGAIN') silent.push(`${type} ${toldCode(code)}`);
    const degrees = Number(value?.trim() || NaN) / 1000;
    if (degrees > -50) zones.push({ path, type, degrees });
  }
  const [hottest] = zones.sort((a, b) => b.degrees - a.degrees);
  if (hottest === undefined) {
    return jetson
      ? [warning('temperature', ['unknown', ...silent].join('; '))]
      : [info('temperature', 'unknown')];
  }
  const gpu = zones.find(({ type }) => /^gpu/i.test(type));
  const told = [
    `${hottest.degrees.toFixed(1)} °C (${hottest.type})`,
    ...(gpu === undefined ? [] : [`GPU ${gpu.degrees.toFixed(1)} °C`]),
    ...silent,
  ].join(', ');
  const limit = await limitOf(machine, hottest);
  return [
    limit !== undefined && hottest.degrees >= limit - NEAR
      ? warning(
          'temperature',
          `${told}; from ${limit.toFixed(0)} °C on it slows down`,
          'free the fan and its way of air, or take a lower power mode',
        )
      : ok('temperature', told),
  ];
}

/** From which temperature a zone slows down, in degrees. */
async function limitOf(machine: Machine, { path }: Zone): Promise<number | undefined> {
  const limits: number[] = [];
  for (const file of (await machine.list(path)).value ?? []) {
    const [trip] = /^trip_point_\d+_(?=type$)/.exec(file) ?? [];
    if (trip === undefined) continue;
    const type = (await machine.readText(`${path}/${file}`)).value?.trim();
    // `active` ones only turn on the fan.
    if (type !== 'passive' && type !== 'hot' && type !== 'critical') continue;
    const degrees = Number((await machine.readText(`${path}/${trip}temp`)).value ?? NaN) / 1000;
    if (degrees > 50) limits.push(degrees);
  }
  return limits.length === 0 ? undefined : Math.min(...limits);
}
