import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, parse, resolve } from 'node:path';
import { errorText } from '../../errorText.js';
import { rgb8Image } from '../../vision/rawImage.js';
import { picturesOf } from '../pictureFolder.js';
import { readPicture } from '../readPicture.js';
import type { PictureSource, SourcePicture, Stream, Unusable } from './pictures.js';

/** Between two pictures of a folder, in nanoseconds: they have no stamps. */
const PERIOD = 100_000_000n;

/** Pictures that are read ahead of the one that is segmented. */
const AHEAD = 2;

/** Is it a folder of pictures, or one picture, rather than a bag? */
export function isPictures(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    return readdirSync(path).some((name) => isPictureName(name)) && !readdirSync(path).some(isBagName);
  return isPictureName(path);
}

function isPictureName(path: string): boolean {
  return /\.(?:jpe?g|png)$/i.test(path);
}

function isBagName(name: string): boolean {
  return name === 'metadata.yaml' || /\.(?:mcap|db3)(?:\.zstd)?$/.test(name);
}

/** The pictures of a folder in the order of their names, or one picture. */
export class FilePictures implements PictureSource {
  readonly notes: readonly string[];
  readonly #paths: readonly string[];
  readonly #stream: Stream;

  /** @throws Error naming the folder, if it cannot be read */
  constructor(path: string) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const { pictures, passedOver } = isFolder ? picturesOf(path) : { pictures: [path], passedOver: 0 };
    this.#paths = pictures;
    this.notes = passedOver > 0 ? [`${passedOver} other entries of ${path} are left out`] : [];
    const folder = resolve(isFolder ? path : dirname(path));
    this.#stream = { name: basename(folder), namespace: '/', info: undefined };
  }

  get streams(): readonly Stream[] {
    return [this.#stream];
  }

  get expected(): number {
    return this.#paths.length;
  }

  leave(): void {
    throw new Error(`${this.#stream.name}: pictures of a folder are not depth images`);
  }

  async *pictures(): AsyncGenerator<SourcePicture | Unusable, void, void> {
    const reading: Promise<SourcePicture | Unusable>[] = [];
    for (let next = 0; next < this.#paths.length || reading.length > 0;) {
      while (reading.length <= AHEAD && next < this.#paths.length) reading.push(this.#read(next++));
      yield await reading.shift()!;
    }
  }

  async #read(index: number): Promise<SourcePicture | Unusable> {
    const path = this.#paths[index]!;
    try {
      const { width, height, pixels } = await readPicture(path);
      const time = BigInt(index) * PERIOD;
      return {
        stream: this.#stream,
        time,
        stamp: { sec: Number(time / 1_000_000_000n), nanosec: Number(time % 1_000_000_000n) },
        frameId: '',
        name: parse(path).name,
        where: path,
        image: rgb8Image(width, height, pixels),
      };
    } catch (error) {
      return { problem: errorText(error) };
    }
  }

  async close(): Promise<void> {
    // Nothing is open between two pictures.
  }
}
