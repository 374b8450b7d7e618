import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
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

  /** @throws Error naming the folder, if there is something of that name */
  constructor(private readonly plan: SinkPlan) {
    const { path, mark } = plan;
    if (existsSync(path) && !isEmptyFolder(path))
      throw new Error(`${path}: there is something of that name; move it away, or give another name`);
    const left = leftBehind(path, mark);
    this.#folder = unfinishedName(path, mark);
    if (left === undefined) mkdirSync(this.#folder);
    else renameSync(left, this.#folder);
    this.#done = new Set(left === undefined ? [] : this.#rows());
    this.resumed = this.#done.size;
    this.#isEmpty = this.resumed === 0;
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
    await Promise.all(outputs.map((output) => this.#writePng(stream, name, output)));
    // After the pictures: a frame that has a row is complete.
    const row = frameRow(stream, name, pixelsOf(outputs[0]!));
    appendFileSync(join(this.#folder, TABLE), this.#isEmpty ? FRAME_COLUMNS + row : row);
    this.#isEmpty = false;
  }

  async close(): Promise<void> {
    const { path } = this.plan;
    const labels = join(this.#folder, 'labels.json');
    if (!existsSync(labels)) await writeNew(labels, `${JSON.stringify(this.plan.labels, null, 2)}\n`);
    if (existsSync(path)) rmdirSync(path);
    renameSync(this.#folder, path);
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

  #rows(): string[] {
    const table = join(this.#folder, TABLE);
    if (!existsSync(table)) return [];
    // The last row may be half of one.
    const rows = readFileSync(table, 'utf8').split('\n').slice(1, -1);
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
