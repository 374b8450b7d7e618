import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { writing } from '../../cannotWrite.js';
import { OUTPUTS, type Output, type OutputRequest } from '../../inference/outputs.js';
import type { Segmentation } from '../../inference/segmenter.js';
import type { Size } from '../../node/maskSize.js';
import { leftBehind, unfinishedName } from '../../newFile.js';
import { encodeGrayPng } from '../../vision/compressedImage.js';
import { writeNew } from '../writeNew.js';
import type { SourcePicture, Stream } from './pictures.js';
import { FRAME_COLUMNS, frameRow, kindsOf, type FrameHead, type Sink, type SinkPlan } from './sink.js';

const TABLE = 'frames.csv';

/** Writes the outputs as PNG files: OUT/mask/NAME.png and so on; of several streams, OUT/STREAM/mask/NAME.png. */
export class FolderSink implements Sink {
  readonly #folder: string;
  /** stream,name of the frames that are there. */
  readonly #done: Set<string>;
  readonly resumed: number;
  #isEmpty: boolean;

  private constructor(private readonly plan: SinkPlan) {
    const { path, mark } = plan;
    if (existsSync(path) && !isEmptyFolder(path))
      throw new Error(`${path}: there is something of that name; move it away, or give another name`);
    const left = leftBehind(path, mark);
    this.#folder = unfinishedName(path, mark);
    if (left === undefined) mkdirSync(this.#folder);
    else renameSync(left, this.#folder);
    this.#done = new Set(this.#rows());
    this.resumed = this.#done.size;
    this.#isEmpty = !existsSync(this.#table) || statSync(this.#table).size === 0;
  }

  /** @throws Error naming the folder, if there is something of that name or it cannot be made */
  static async open(plan: SinkPlan): Promise<FolderSink> {
    return writing(plan.path, () => new FolderSink(plan));
  }

  has({ stream, name }: Pick<SourcePicture, 'stream' | 'name'>): boolean {
    return this.#done.has(`${stream.name},${name}`);
  }

  requests(_: SourcePicture, { width, height }: Size): readonly OutputRequest[] {
    const { written, classes } = this.plan;
    const groups = written.has('groups') ? [...classes.groups.keys()] : [];
    return [
      // The mask is a PNG file in any case.
      ...kindsOf(written)
        .filter((kind) => kind !== 'mask_png')
        .map((kind) => ({ kind, width, height, headroom: 0 })),
      ...groups.map((group) => ({ kind: 'group' as const, group, width, height, headroom: 0 })),
    ];
  }

  async write({ stream, name }: FrameHead, _: Size, outputs: Segmentation['outputs']): Promise<void> {
    await writing(this.plan.path, async () => {
      await Promise.all(outputs.map((output) => this.#writePng(stream, name, output)));
      // After the pictures: a frame that has a row is complete.
      const row = frameRow(stream, name, pixelsOf(outputs[0]!));
      appendFileSync(this.#table, this.#isEmpty ? FRAME_COLUMNS + row : row);
      this.#isEmpty = false;
    });
  }

  async close(): Promise<void> {
    const { path } = this.plan;
    await writing(path, async () => {
      const labels = join(this.#folder, 'labels.json');
      if (!existsSync(labels)) await writeNew(labels, `${JSON.stringify(this.plan.labels, null, 2)}\n`);
      if (existsSync(path)) rmdirSync(path);
      renameSync(this.#folder, path);
    });
  }

  async leave(): Promise<void> {
    // The folder keeps its temporary name: a later run goes on with it.
  }

  async #writePng(stream: Stream, name: string, output: Output): Promise<void> {
    const { kind, group, width, height } = output;
    const of = this.plan.streams.length > 1 ? [stream.name.replace(/^\//, '').replaceAll('/', '__')] : [];
    const folder = join(this.#folder, ...of, kind === 'group' ? join('groups', group ?? '') : kind);
    mkdirSync(folder, { recursive: true });
    const { channels } = OUTPUTS[kind];
    const png =
      channels === 1
        ? await encodeGrayPng(pixelsOf(output), width, height)
        : await sharp(pixelsOf(output), { raw: { width, height, channels } })
            .png({ compressionLevel: 4 })
            .toBuffer();
    await writeFile(join(folder, `${name}.png`), png);
  }

  get #table(): string {
    return join(this.#folder, TABLE);
  }

  /** What an earlier run has written. */
  #rows(): string[] {
    if (!existsSync(this.#table)) return [];
    const bytes = readFileSync(this.#table);
    // Half a row, as a full disk takes it, goes: the next one would stand on its line.
    const whole = bytes.lastIndexOf('\n') + 1;
    if (whole < bytes.length) truncateSync(this.#table, whole);
    const rows = bytes.toString('utf8', 0, whole).split('\n').slice(1, -1);
    return rows.map((row) => row.split(',').slice(0, 2).join(','));
  }
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** A view of an output's pixels: sharp reads them before the promise is fulfilled. */
function pixelsOf({ kind, buffer, headroom, width, height }: Output): Uint8Array {
  return new Uint8Array(buffer, headroom, width * height * OUTPUTS[kind].channels);
}
