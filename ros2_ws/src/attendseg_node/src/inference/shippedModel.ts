import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the models that come with the program: dist/inference/ -> models/. */
const SHIPPED = fileURLToPath(new URL('../../models', import.meta.url));

/** The folder of the model that runs where none is asked for. */
export function shippedModel(): string {
  return join(SHIPPED, 'attendseg_camvid');
}

/**
 * Where a model is that was asked for: a path, or the name of one that comes with the program, unless there is a file or
 * folder of that name here. A leading `~/`, which shells leave in `model:=~/…`, is the home folder unless there is a
 * folder of that name.
 */
export function modelLocation(wish: string): string {
  if (existsSync(wish)) return resolve(wish);
  if (wish.startsWith('~/')) return join(homedir(), wish.slice(2));
  const shipped = join(SHIPPED, wish);
  return /^\w+$/.test(wish) && existsSync(join(shipped, 'manifest.yaml')) ? shipped : resolve(wish);
}
