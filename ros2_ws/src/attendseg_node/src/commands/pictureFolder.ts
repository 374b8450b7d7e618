import { existsSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { extname, join, parse } from 'node:path';

/** The pictures of a folder. */
export interface PictureFolder {
  /** Paths of JPEG and PNG files, by name. */
  readonly pictures: readonly string[];
  /** How many other entries it has: folders, dot files, files of other kinds. */
  readonly passedOver: number;
}

const PICTURES = ['.jpg', '.jpeg', '.png'];

/** What tools append to the name of a picture for its label. */
const LABEL_ENDINGS = ['', '_label', '_labelIds'];

/**
 * Looks for JPEG and PNG files in a folder, not in those below it; file systems leave dot files such as `._x.jpg`.
 * @throws Error with the remedy if it cannot be read or has none
 */
export function picturesOf(dir: string): PictureFolder {
  const entries = entriesOf(dir);
  const pictures = entries.filter((name) => PICTURES.includes(extname(name).toLowerCase()));
  if (pictures.length === 0)
    throw new Error(`${dir}: no JPEG or PNG pictures there; give another folder to --images`);
  return {
    pictures: pictures.sort().map((name) => join(dir, name)),
    passedOver: readdirSync(dir).length - pictures.length,
  };
}

/**
 * Finds the label of each picture: a PNG of its name, perhaps with `_label` or `_labelIds` appended.
 * @returns paths, in the order of the pictures
 * @throws Error naming the picture that has none, or more than one
 */
export function labelsOf(pictures: readonly string[], dir: string): string[] {
  const labels = new Map<string, string[]>();
  for (const name of entriesOf(dir)) {
    const { name: stem, ext } = parse(name);
    if (ext.toLowerCase() === '.png') labels.set(stem, [...(labels.get(stem) ?? []), join(dir, name)]);
  }
  const found = pictures.map((picture) =>
    LABEL_ENDINGS.flatMap((ending) => labels.get(`${parse(picture).name}${ending}`) ?? []).filter(
      // Where pictures and labels share a folder.
      (label) => label !== picture,
    ),
  );
  const missing = pictures.filter((_, i) => found[i]!.length === 0);
  if (missing.length > 0) {
    const others = missing.length > 1 ? `, nor for ${missing.length - 1} other pictures` : '';
    const names = LABEL_ENDINGS.map((ending) => `${parse(missing[0]!).name}${ending}.png`).join(', ');
    throw new Error(
      `${missing[0]!}: no label for it in ${dir}${others}; it may be called ${names}; add it, or take the picture away`,
    );
  }
  found.forEach((several, i) => {
    if (several.length > 1)
      throw new Error(`${pictures[i]!}: more than one label for it, ${several.join(' and ')}; keep one`);
  });
  return found.map(([label]) => label!);
}

/** Names of files, links to files among them, without dot files. */
function entriesOf(dir: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      existsSync(dir)
        ? `${dir}: cannot be read as a folder (${code ?? String(error)}); give another one`
        : `${dir}: no such folder; give another one`,
      { cause: error },
    );
  }
  return entries
    .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || isLinkToFile(dir, entry)))
    .map(({ name }) => name);
}

function isLinkToFile(dir: string, entry: Dirent): boolean {
  return (
    entry.isSymbolicLink() &&
    statSync(join(dir, entry.name), { throwIfNoEntry: false })?.isDirectory() === false
  );
}
