import { readdirSync, statSync } from 'node:fs';
import { BagMasks } from './bagMasks.js';
import { FolderMasks } from './folderMasks.js';
import type { MaskPairs } from './maskPairs.js';

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

/** A folder that is no bag's. What is no folder, openBag tells. */
export function isPngFolder(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true &&
    !readdirSync(path).some((name) => name === 'metadata.yaml' || /\.(?:mcap|db3)(?:\.zstd)?$/.test(name))
  );
}
