import { closeSync, fstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, normalize, relative } from 'node:path';
import { openUnwaited } from '../fileAccess.js';
import { ModelError } from './modelError.js';

/** Whether a path that is written relative to a folder stays in it, as far as its letters tell. */
export function staysInside(path: string): boolean {
  return !isAbsolute(path) && normalize(path).split('/')[0] !== '..';
}

/**
 * Reads a file of a model, once: what is hashed is what is run. Links may lead elsewhere within the model's folder, which
 * is where its manifest lies, or really lies, as in an installation of links.
 * @param what the file, as the line of an error begins
 * @throws ModelError if it lies outside, is no file, or anybody may write it; the file system's error
 */
export function readInside(what: string, manifest: string, path: string): Buffer {
  const real = realpathSync(path);
  const realManifest = realpathSync(manifest);
  const folders = [realpathSync(dirname(manifest)), dirname(realManifest)];
  if (!folders.some((folder) => staysInside(relative(folder, real)))) {
    throw new ModelError(
      `${what} is really ${real}, outside the model's folder; copy it to the manifest ${manifest}`,
    );
  }
  // By its real path: what was looked at is what is opened.
  const file = openUnwaited(real);
  try {
    const found = fstatSync(file);
    if (!found.isFile() && !found.isDirectory())
      throw new ModelError(`${what} is no file; copy the model's file there`);
    for (const place of new Set([real, dirname(real), realManifest, dirname(realManifest)]))
      refuseAnybodys(what, place);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** A hash protects nothing that lies beside it where anybody may write; a sticky bit keeps others' hands off files. */
function refuseAnybodys(what: string, place: string): void {
  const found = statSync(place);
  const isSticky = found.isDirectory() && (found.mode & 0o1000) !== 0;
  if ((found.mode & 0o002) === 0 || isSticky) return;
  throw new ModelError(
    `${what} cannot be trusted: anybody may write ${place} (mode ${(found.mode & 0o7777).toString(8)}); chmod o-w ${place}, or copy the model to a folder of your own`,
  );
}
