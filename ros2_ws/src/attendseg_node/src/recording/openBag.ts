import { stat } from 'node:fs/promises';
import { errorText } from '../errorText.js';
import { type Bag, BagError } from './bag.js';
import { BagFolder } from './bagFolder.js';
import { openFile } from './openFile.js';

/**
 * Opens a recording of ros2 bag: a file, MCAP or SQLite, packed by zstd or not, or a folder of them. What it is, its
 * first bytes tell.
 * @throws BagError that names path, cause and remedy
 */
export async function openBag(path: string): Promise<Bag> {
  let isFolder;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw new BagError(
      `bag ${path}: cannot be opened: ${errorText(error)}; give a file or folder that ros2 bag recorded`,
    );
  }
  return isFolder ? BagFolder.open(path) : openFile(path);
}
