import { readdirSync, statSync } from 'node:fs';
import { BagMasks } from './bagMasks.js';
import { FolderMasks } from './folderMasks.js';
import type { MaskPairs } from './maskPairs.js';

/** What tells a bag's folder from others. */
const BAG_FILE = /^metadata\.yaml$|\.(?:mcap|db3)(?:\.zstd)?$/;

/**
 * Opens two recordings of masks: two bags, or two folders of PNG files.
 * @param topics of bags; all masks if empty
 * @throws BagError or Error naming path, cause and remedy
 */
export async function openMasks(a: string, b: string, topics: readonly string[]): Promise<MaskPairs> {
  const [folderA, folderB] = [isPngFolder(a), isPngFolder(b)];
  if (!folderA && !folderB) return BagMasks.open(a, b, topics);
  if (folderA !== folderB) {
    const [folder, bag] = folderA ? [a, b] : [b, a];
    throw new Error(
      `${folder} is a folder of files, but ${bag} is none; give two bags, or two folders of masks`,
    );
  }
  if (topics.length > 0) throw new Error(`${a} has no topics, being a folder of files; leave out --topics`);
  return FolderMasks.open(a, b);
}

/** A folder that is no bag's. What is no folder, openBag tells; what cannot be read, FolderMasks. */
export function isPngFolder(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  try {
    return !readdirSync(path).some((name) => BAG_FILE.test(name));
  } catch {
    return true;
  }
}
