import type { Board } from './board.js';
import { type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';

const { ok, info, warning, error } = inGroup('Memory');
/** KiB in a GiB. */
const GIB = 2 ** 20;

/** Free memory, which on a Jetson is the GPU's too, and swap. */
export async function checkMemory(machine: Machine, { jetson }: Board): Promise<Finding[]> {
  const { value: text, code } = await machine.readText('/proc/meminfo');
  if (text === undefined) return [warning('memory', `unknown: /proc/meminfo ${toldCode(code)}`)];
  const kib = (name: string): number | undefined => {
    const [, digits] = new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const [total, available, swap, swapFree] = ['MemTotal', 'MemAvailable', 'SwapTotal', 'SwapFree'].map(kib);
  if (total === undefined || available === undefined) {
    return [warning('memory', 'unknown: /proc/meminfo is not of the usual form')];
  }
  const told = `${gib(available)} of ${gib(total)} GiB available${jetson ? ', shared with the GPU' : ''}`;
  const remedy = 'end other programs, above all a desktop (sudo systemctl isolate multi-user.target)';
  const memory =
    available < GIB / 2
      ? error('memory', `${told}: the node may be killed`, remedy)
      : available < GIB
        ? warning('memory', `${told}: little`, remedy)
        : ok('memory', told);
  if (swap === undefined) return [memory];
  if (swap > 0) return [memory, info('swap', `${gib(swap - (swapFree ?? swap))} of ${gib(swap)} GiB used`)];
  return [
    memory,
    jetson && total < 12 * GIB
      ? warning(
          'swap',
          'none: building an engine may run out of memory',
          'turn on zram: sudo systemctl enable --now nvzramconfig; or add a swap file',
        )
      : info('swap', 'none'),
  ];
}

function gib(kib: number): string {
  return (kib / GIB).toFixed(1);
}
