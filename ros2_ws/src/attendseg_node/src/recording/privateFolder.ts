import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of our own among the temporary files, for as long as something is open. */
export class PrivateFolder {
  private constructor(readonly path: string) {}

  static async make(): Promise<PrivateFolder> {
    return new PrivateFolder(await mkdtemp(join(tmpdir(), 'attendseg-bag-')));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
