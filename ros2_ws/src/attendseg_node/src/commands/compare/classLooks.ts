import type { Manifest } from '../../inference/manifest.js';
import { UNLABELLED } from '../../vision/unlabelled.js';

export type Colour = readonly [red: number, green: number, blue: number];

/** How class ids are called and drawn. */
export interface ClassLooks {
  name(id: number): string;
  colour(id: number): Colour;
}

const BLACK: Colour = [0, 0, 0];

/**
 * Names by the recording, or by the model where it has none; colours by the model's class of that name, and a colour of
 * its own for a class that the model does not have.
 */
export function classLooks(
  recorded: ReadonlyMap<number, string> | undefined,
  { classes }: Pick<Manifest, 'classes'>,
): ClassLooks {
  const names = recorded ?? new Map(classes.map(({ name }, id) => [id, name]));
  const colours = new Map(classes.map(({ name, color }) => [name, color]));
  return {
    name: (id) => (id === UNLABELLED ? 'unlabelled' : (names.get(id) ?? `class ${id}`)),
    colour: (id) => {
      const colour = colours.get(names.get(id) ?? '');
      if (id === UNLABELLED || colour === 'none') return BLACK;
      return colour === undefined ? spread(id) : [colour[0]!, colour[1]!, colour[2]!];
    },
  };
}

/** Neighbouring ids far apart, none of them dark. */
function spread(id: number): Colour {
  const [red, green, blue] = [97, 151, 211].map((step) => 64 + ((id * step + step) % 192));
  return [red!, green!, blue!];
}
