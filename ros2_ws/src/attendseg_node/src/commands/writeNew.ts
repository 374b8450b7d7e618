import { NewFile } from '../newFile.js';

/**
 * Writes a new file that has its name only when it is whole, whatever ends the program.
 * @throws the file system's error; EEXIST, and nothing replaced, if there is one of that name
 */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const file = await NewFile.create(path);
  try {
    await file.handle.writeFile(content);
    await file.keep();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
