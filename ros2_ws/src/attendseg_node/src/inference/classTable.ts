import { UNLABELLED } from '../vision/unlabelled.js';
import { nearestName } from './nearestName.js';
import type { Manifest } from './manifest.js';

/** What the user makes of a model's classes, by name. */
export interface ClassRules {
  /** Classes that come out as unlabelled. */
  readonly ignore: readonly string[];
  /** Classes that come out as another: one of the model's, or a new one. */
  readonly remap: ReadonlyMap<string, string>;
  /** Unions of classes, each a mask of its own. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

export const NO_RULES: ClassRules = { ignore: [], remap: new Map(), groups: new Map() };

/** How the network's class ids come out. */
export interface ClassTable {
  /** 256 uint8: the published id of each of the network's, UNLABELLED for ignored ones and for ids that are no class. */
  readonly lut: Uint8Array;
  /** 256x4 uint8 RGBA: the colour of each of the network's ids; alpha is 0 where the overlay is not tinted. */
  readonly palette: Uint8Array;
  /** The published classes by id, ascending. */
  readonly names: ReadonlyMap<number, string>;
  /** 256 uint8 each: 255 for the network's ids that belong to the group, else 0. */
  readonly groups: ReadonlyMap<string, Uint8Array>;
}

/**
 * Applies rules to a model's classes. A class that is remapped to a new name gets the next free id, and the colour of
 * the first that is remapped to it; groups may name classes as they were or as they come out.
 * @throws Error that names the class that the model does not have, with the nearest that it has
 */
export function classTable({ classes }: Manifest, rules: ClassRules): ClassTable {
  const known = classes.map(({ name }) => name);
  const idOf = (name: string, where: string, names: readonly string[]): number => {
    const id = names.indexOf(name);
    if (id < 0) throw new Error(`${where}: the model has no class "${name}"; ${nearest(name, names)}`);
    return id;
  };
  /** What the network's ids come out as, by name. */
  const out: (string | undefined)[] = [...known];
  for (const [from, to] of rules.remap) out[idOf(from, 'remap', known)] = to;
  for (const name of rules.ignore) out[idOf(name, 'ignore', known)] = undefined;

  const published = [...known];
  const colors = classes.map(({ color }) => color);
  for (const [from, to] of rules.remap) {
    if (published.includes(to)) continue;
    colors.push(classes[known.indexOf(from)]!.color);
    published.push(to);
  }
  if (published.length > UNLABELLED) throw new Error(`remap: more than ${UNLABELLED} classes`);

  const lut = new Uint8Array(256).fill(UNLABELLED);
  const palette = new Uint8Array(256 * 4);
  const names = new Map<number, string>();
  out.forEach((name, id) => {
    if (name === undefined) return;
    lut[id] = published.indexOf(name);
    const color = colors[lut[id]]!;
    if (color !== 'none') palette.set([...color, 255], id * 4);
  });
  published.forEach((name, id) => {
    if (lut.includes(id)) names.set(id, name);
  });

  const groups = new Map<string, Uint8Array>();
  for (const [group, members] of rules.groups) {
    const ids = new Uint8Array(256);
    for (const member of members) {
      idOf(member, `group ${group}`, [...new Set([...published, ...known])]);
      out.forEach((name, id) => {
        if (name !== undefined && (name === member || known[id] === member)) ids[id] = 255;
      });
    }
    groups.set(group, ids);
  }
  return { lut, palette, names, groups };
}

function nearest(name: string, names: readonly string[]): string {
  const near = nearestName(name, names);
  return near === undefined ? `it has ${names.join(', ')}` : `did you mean "${near}"?`;
}
