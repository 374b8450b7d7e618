import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writing } from '../../cannotWrite.js';
import { errorText } from '../../errorText.js';
import { makeFolder } from '../../newFile.js';
import { writeNew } from '../writeNew.js';
import { drawFrame, type FramePictures } from './framePictures.js';
import { htmlReport } from './htmlReport.js';
import { findOriginals } from './originals.js';
import type { Compared } from './printComparison.js';

/**
 * Makes sure, before anything is compared, that the report has a place.
 * @throws Error with the remedy if there is a report already, or the folder cannot be made
 */
export function newReportFolder(path: string): string {
  const page = join(path, 'report.html');
  if (existsSync(page))
    throw new Error(`${page} is there already; move it, or give another folder to --report`);
  try {
    makeFolder(path);
  } catch (error) {
    throw new Error(`${path}: cannot be made (${errorText(error)}); give another folder to --report`, {
      cause: error,
    });
  }
  return path;
}

/**
 * Writes report.html, and beside it the pictures of the worst frames: frame_01_image.jpg, frame_01_a.png, ...
 * @param sources bags or folders in which the frames' pictures are looked for, one after the other
 * @returns path of the page
 * @throws Error naming the file that cannot be written
 */
export async function writeReport(
  folder: string,
  compared: Compared,
  sources: readonly string[],
): Promise<string> {
  const { comparison, looks } = compared;
  const { frames } = comparison.worst;
  const originals = await findOriginals(
    sources,
    frames.map(({ frame }) => frame),
  );
  const pictures: FramePictures[] = [];
  for (const [i, { frame, masks }] of frames.entries()) {
    const { a, b } = masks!();
    const files = await drawFrame(a, b, originals.found.get(frame), looks);
    const named = new Map<string, string>();
    for (const [what, content] of files) {
      const name = `frame_${String(i + 1).padStart(2, '0')}_${what}`;
      const path = join(folder, name);
      await writing(path, () => writeNew(path, content));
      named.set(what, name);
    }
    pictures.push(named);
  }
  const page = join(folder, 'report.html');
  const html = htmlReport({ ...compared, notes: [...compared.notes, ...originals.problems] }, pictures);
  await writing(page, () => writeNew(page, html));
  return page;
}
