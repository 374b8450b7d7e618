import type { Machine } from './machine.js';

/** A group's name, or its number if it has none here. */
export function groupName(machine: Machine, gid: number): Promise<string> {
  return nameIn(machine, '/etc/group', gid);
}

/** A user's name, or the number if it has none here. */
export function userName(machine: Machine, uid: number): Promise<string> {
  return nameIn(machine, '/etc/passwd', uid);
}

async function nameIn(machine: Machine, path: string, id: number): Promise<string> {
  const lines = (await machine.readText(path)).value?.split('\n') ?? [];
  return lines.map((line) => line.split(':')).find((fields) => fields[2] === String(id))?.[0] ?? String(id);
}
