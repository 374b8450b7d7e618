import { dirname, join } from 'node:path';
import { errorText } from '../../errorText.js';
import { known, readBoard } from '../../inference/engine/board.js';
import { listEngines, whyUnusable } from '../../inference/engine/engineCache.js';
import type { Board } from './board.js';
import { causeAndRemedy, type Finding, inGroup } from './finding.js';
import { type Machine, toldCode } from './machine.js';
import { userName } from './users.js';

const { ok, info, warning, error } = inGroup('Engines');

/** The folder of TensorRT's engines: they are programs, so nobody else may put some there. */
export async function checkEngines(machine: Machine, { jetson }: Board): Promise<Finding[]> {
  const path = machine.variable('ATTENDSEG_ENGINE_CACHE') ?? `${machine.home}/.cache/attendseg_node/engines`;
  const { value: folder, code } = await machine.stat(path);
  if (folder === undefined) {
    if (code !== 'ENOENT') return [(jetson ? error : info)('cache', `${path} ${toldCode(code)}`)];
    return [await missingFinding(machine, path, jetson)];
  }
  if (!folder.isFolder)
    return [error('cache', `${path} is no folder`, `remove it, or set ATTENDSEG_ENGINE_CACHE`)];
  if (folder.uid !== machine.uid) {
    const [owner, user] = [await userName(machine, folder.uid), await userName(machine, machine.uid)];
    return [
      error(
        'cache',
        `${path} belongs to ${owner}, not to ${user}: its engines are refused`,
        `sudo chown -R ${user} ${path}`,
      ),
    ];
  }
  const { value: entries } = await machine.list(path);
  const told = `${path}, ${entries === undefined ? 'unreadable' : `${entries.length} entries`}`;
  if ((folder.mode & 0o077) === 0)
    return [ok('cache', told), ...(jetson ? usableFindings(machine, path) : [])];
  const mode = folder.mode.toString(8);
  return [
    (folder.mode & 0o022) === 0
      ? warning('cache', `${told}, mode ${mode}: others can read it`, `chmod 700 ${path}`)
      : error(
          'cache',
          `${told}, mode ${mode}: others can put engines there, which are programs`,
          `chmod 700 ${path}`,
        ),
  ];
}

/** Whether an engine of the cache can be used on this board, and why the others cannot. */
function usableFindings(machine: Machine, path: string): Finding[] {
  try {
    const here = known(readBoard(machine.root));
    const { entries, damaged } = listEngines(join(machine.root, path));
    const unusable = entries.flatMap((entry) => {
      const why = whyUnusable(entry, here);
      return why === undefined ? [] : [info(entry.id, why)];
    });
    const usable = entries.length - unusable.length;
    return [
      usable > 0
        ? ok('for this board', String(usable))
        : warning('for this board', 'none', 'attendseg engine build, once for each model'),
      ...unusable,
      ...damaged.map(({ id, problem }) => error(id, problem, 'attendseg engine clean --unusable')),
    ];
  } catch (thrown) {
    return [warning('for this board', ...causeAndRemedy(errorText(thrown)))];
  }
}

async function missingFinding(machine: Machine, path: string, jetson: boolean): Promise<Finding> {
  let parent = dirname(path);
  while (parent !== '/' && (await machine.stat(parent)).value === undefined) parent = dirname(parent);
  if ((await machine.access(parent)).value !== undefined) {
    return info('cache', `${path} is not there yet${jetson ? '' : ': of use on a Jetson only'}`);
  }
  return (jetson ? warning : info)(
    'cache',
    `${path} is not there, and ${parent} cannot be written`,
    'set ATTENDSEG_ENGINE_CACHE to a folder of yours',
  );
}
