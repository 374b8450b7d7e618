import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { errorText } from '../../errorText.js';
import { plainPng } from '../plainPng.js';
import type { Finding, MaskPairs, NamedIds, Plane } from './maskPairs.js';

/** Names of PNG files in a folder of masks, and where they lie. */
interface MaskFolder {
  readonly masks: string;
  readonly names: ReadonlySet<string>;
  readonly confidence: string;
  readonly confidenceNames: ReadonlySet<string>;
}

/** The masks of two folders, paired by file name: PNG files of class ids, in `mask/` of the folder or in itself. */
export class FolderMasks implements MaskPairs {
  private constructor(
    readonly a: MaskFolder,
    readonly b: MaskFolder,
  ) {}

  /** @throws Error with the remedy if one has no PNG files */
  static open(pathA: string, pathB: string): FolderMasks {
    return new FolderMasks(openFolder(pathA), openFolder(pathB));
  }

  async *findings(): AsyncGenerator<Finding, void, void> {
    const { a, b } = this;
    for (const name of [...new Set([...a.names, ...b.names])].sort()) {
      const frame = { name };
      if (!a.names.has(name) || !b.names.has(name)) {
        yield { kind: 'alone', of: 'mask', side: a.names.has(name) ? 'A' : 'B', frame };
        continue;
      }
      yield* this.#pair('mask', name, a.masks, b.masks);
      if (a.confidenceNames.has(name) && b.confidenceNames.has(name))
        yield* this.#pair('confidence', name, a.confidence, b.confidence);
    }
  }

  async *#pair(kind: 'mask' | 'confidence', name: string, a: string, b: string): AsyncGenerator<Finding> {
    try {
      const pair = { a: await readPlane(join(a, name)), b: await readPlane(join(b, name)) };
      yield { kind, frame: { name }, ...pair };
    } catch (error) {
      yield { kind: 'unusable', problem: errorText(error) };
    }
  }

  /** Folders name no classes. */
  names(): Promise<NamedIds | undefined> {
    return Promise.resolve(undefined);
  }

  problems(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function openFolder(path: string): MaskFolder {
  const below = join(path, 'mask');
  const hasBelow = statSync(below, { throwIfNoEntry: false })?.isDirectory() === true;
  const masks = hasBelow ? below : path;
  const names = pngNames(masks);
  if (names.size === 0)
    throw new Error(`${masks}: no PNG files there, nor a bag; give a bag, or a folder of masks`);
  const confidence = join(path, 'confidence');
  const hasConfidence = hasBelow && statSync(confidence, { throwIfNoEntry: false })?.isDirectory() === true;
  return { masks, names, confidence, confidenceNames: hasConfidence ? pngNames(confidence) : new Set() };
}

function pngNames(path: string): Set<string> {
  try {
    return new Set(
      readdirSync(path).filter((name) => !name.startsWith('.') && extname(name).toLowerCase() === '.png'),
    );
  } catch (error) {
    throw new Error(`${path}: cannot be read (${errorText(error)}); give another folder`, { cause: error });
  }
}

/**
 * A PNG of one byte a pixel as it is: grey values, or the indices of a palette.
 * @throws Error naming the file, the cause and the remedy
 */
async function readPlane(path: string): Promise<Plane> {
  try {
    const { kind, bits, hasAlpha, file } = plainPng(await readFile(path));
    if (kind === 'rgb' || hasAlpha || bits !== 8) {
      const what =
        kind === 'rgb' ? 'is in colours' : hasAlpha ? 'has transparency' : `has ${bits} bits a pixel`;
      throw new Error(`${what}; masks are grey PNG files of 8 bits, which hold class ids`);
    }
    const { data, info } = await sharp(file)
      .toColourspace('b-w')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    throw new Error(`${path}: ${errorText(error)}`, { cause: error });
  }
}
