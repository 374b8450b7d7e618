import type { Board } from './board.js';
import { type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';
import { groupName } from './users.js';

const { ok, info, warning, error } = inGroup('GPU');
const DEVFREQ = '/sys/class/devfreq';
/** Orin: 17000000.gpu (17000000.ga10b before JetPack 6). Thor: gpu-gpc-0. */
const GPU_CLOCK = /^(?:\d+\.(?:gpu|ga10b)|gpu-gpc-\d+)$/;

/** The GPU's clock, and whether this user may open its devices; nothing on a machine that is no Jetson. */
export async function checkGpu(machine: Machine, board: Board): Promise<Finding[]> {
  if (!board.jetson) return [];
  return [await clockFinding(machine), await deviceFinding(machine, board)];
}

async function clockFinding(machine: Machine): Promise<Finding> {
  const folders = await machine.list(DEVFREQ);
  if (folders.value === undefined) return warning('clock', `unknown: ${DEVFREQ} ${toldCode(folders.code)}`);
  const name = folders.value.find((folder) => GPU_CLOCK.test(folder));
  if (name === undefined) {
    return warning(
      'clock',
      `unknown: no GPU in ${DEVFREQ}`,
      'is its driver loaded? sudo dmesg | grep -i nvgpu',
    );
  }
  const read = async (file: string): Promise<string | undefined> =>
    (await machine.readText(`${DEVFREQ}/${name}/${file}`)).value?.trim();
  const current = megahertz(await read('cur_freq'));
  const highest = megahertz(await read('max_freq'));
  const possible = (await read('available_frequencies'))?.split(/\s+/).map(megahertz) ?? [];
  const governor = await read('governor');
  if (current === undefined || highest === undefined) {
    return warning('clock', `unknown: ${DEVFREQ}/${name} cannot be read`);
  }
  const best = Math.max(highest, ...possible.filter((clock) => clock !== undefined));
  const told = `${current} of ${highest} MHz now${governor === undefined ? '' : `, governor ${governor}`}`;
  if (best <= highest) return ok('clock', told);
  return info(
    'clock',
    `${told}; the GPU can do ${best} MHz`,
    'a power mode with more: sudo nvpmodel -m NUMBER',
  );
}

function megahertz(hertz: string | undefined): number | undefined {
  return hertz !== undefined && /^\d+$/.test(hertz) ? Math.round(Number(hertz) / 1e6) : undefined;
}

/** Of root's alone the driver has some, for profilers, which CUDA does without. */
async function deviceFinding(machine: Machine, { container }: Board): Promise<Finding> {
  const denied = new Set<number>();
  let allowed = 0;
  for (const path of await devices(machine)) {
    const device = await machine.stat(path);
    if (device.value === undefined || device.value.isFolder) continue;
    if ((await machine.access(path)).value !== undefined) allowed += 1;
    else if (device.value.gid !== 0 && (device.value.mode & 0o060) === 0o060) denied.add(device.value.gid);
  }
  if (denied.size > 0) {
    const groups = await Promise.all([...denied].map((gid) => groupName(machine, gid)));
    return error(
      'devices',
      `this user may not open those of the groups ${groups.join(', ')}: no CUDA`,
      container === undefined
        ? `sudo usermod -aG ${groups.join(',')} "$USER", then log in anew`
        : 'on the host: bash docker/jetson/host.sh, which writes these groups for compose.yaml',
    );
  }
  if (allowed > 0) return ok('devices', `${allowed} that this user may open`);
  return container === undefined
    ? error(
        'devices',
        'none in /dev (nvmap, nvhost-*, nvgpu): no CUDA',
        'is the driver loaded? sudo dmesg | grep -i nvgpu',
      )
    : error(
        'devices',
        'none in this container: no CUDA',
        'start it with runtime: nvidia (docker run --runtime nvidia), as docker/jetson/compose.yaml does',
      );
}

async function devices(machine: Machine): Promise<string[]> {
  const inside = async (folder: string, names: RegExp): Promise<string[]> =>
    ((await machine.list(folder)).value ?? [])
      .filter((name) => names.test(name))
      .map((name) => `${folder}/${name}`);
  const found = [
    ...(await inside('/dev', /^(?:nvmap|nvhost-.*|nvidia\d+|nvidiactl)$/)),
    ...(await inside('/dev/dri', /^renderD/)),
  ];
  // igpu0 on Orin, igpu-0000:01:00.0 on Thor.
  for (const gpu of await inside('/dev/nvgpu', /^igpu/)) found.push(...(await inside(gpu, /./)));
  return found;
}
