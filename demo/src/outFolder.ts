import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UNFINISHED } from '#newFile';
import { writeNew } from '#commands/writeNew.js';

/** Names the files that the demo wrote, a line each: no others are ever removed or replaced. */
const LIST = '.attendseg_demo';
/** What a demo writes; whatever else a list may say is not touched. */
const OWN = /^(?:overlay_\d{3}\.png|contact_sheet\.png|summary\.json)$/;

/** The folder for what the demo leaves; other files in it are left alone. */
export class OutFolder {
  private constructor(readonly path: string) {}

  /**
   * Makes the folder, or removes from it what an earlier demo wrote.
   * @throws Error with the remedy, and nothing removed, if a file of another has the name of one of the demo's
   */
  static open(path: string): OutFolder {
    const list = join(path, LIST);
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new Error(`${path} cannot be made (${String(error)}); give another folder to --out`, {
        cause: error,
      });
    }
    const listed = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
    const names = readdirSync(path);
    const unfinished = names.filter((name) => OWN.test(UNFINISHED.exec(name)?.[1] ?? ''));
    const present = names.filter((name) => OWN.test(name));
    const stranger = present.find((name) => !listed.includes(name));
    if (stranger !== undefined)
      throw new Error(
        `${join(path, stranger)} was not written by a demo; move it, or give another folder to --out`,
      );
    for (const name of [...present, ...unfinished]) rmSync(join(path, name));
    rmSync(list, { force: true });
    return new OutFolder(path);
  }

  /** Writes a new file of the demo's, whole or not at all. @throws Error if there is one of that name already */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.path, name);
    if (existsSync(path)) throw new Error(`${path} was written by another meanwhile`);
    // Listed before it is there: the next demo knows it, however this one ends.
    appendFileSync(join(this.path, LIST), `${name}\n`);
    await writeNew(path, content);
  }
}
