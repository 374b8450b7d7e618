import { join } from 'node:path';
import { type Bag, BagError } from './bag.js';
import { BagFile } from './bagFile.js';
import { McapBag } from './mcapBag.js';
import { PrivateFolder } from './privateFolder.js';
import { Problems } from './problems.js';
import { SqliteBag } from './sqliteBag.js';
import { unpackFile } from './unpackFile.js';

/**
 * Opens one file of a recording, whatever it is called; a packed one is unpacked into a temporary file first.
 * @throws BagError
 */
export async function openFile(path: string): Promise<Bag> {
  const file = await BagFile.open(path);
  return file.kind === 'zstd' ? openPacked(file) : openPlain(file, path, new Problems());
}

/** Takes the file over. @param path where the file lies, which may have another name for people */
async function openPlain(file: BagFile, path: string, problems: Problems): Promise<Bag> {
  if (file.kind === 'sqlite') {
    try {
      return await SqliteBag.open(file, path, problems);
    } finally {
      await file.close();
    }
  }
  try {
    return await McapBag.open(file, problems);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openPacked(packed: BagFile): Promise<Bag> {
  const folder = await PrivateFolder.make();
  try {
    const path = join(folder.path, 'unpacked');
    const problems = new Problems();
    await unpackFile(packed, path, problems);
    const file = await BagFile.open(path, packed.path);
    if (file.kind === 'zstd') {
      await file.close();
      throw new BagError(`bag ${packed.path}: is packed twice; unpack it once: zstd -d ${packed.path}`);
    }
    return await openPlain(file, path, problems);
  } finally {
    // What is open stays readable without its name, and goes whatever ends this process.
    await folder.remove();
    await packed.close();
  }
}
