import { parse } from 'node:path';
import { errorText } from '../../errorText.js';
import type { Bag, BagMessage } from '../../recording/bag.js';
import { parseCompressedImage, parseImage } from '../../recording/imageMessages.js';
import { openBag } from '../../recording/openBag.js';
import { decodeCompressed } from '../../vision/compressedImage.js';
import { place } from '../../vision/letterbox.js';
import { PixelEngine } from '../../vision/pixelEngine.js';
import { checkImage, type RawImage } from '../../vision/rawImage.js';
import { picturesOf } from '../pictureFolder.js';
import { readPicture, type Picture } from '../readPicture.js';
import { stampText } from './bagMasks.js';
import { type FrameId, frameText } from './maskPairs.js';
import { isPngFolder } from './openMasks.js';

/** Pictures that masks are of. */
export interface Originals {
  readonly found: ReadonlyMap<FrameId, Picture>;
  /** Why one could not be had: a line each. */
  readonly problems: readonly string[];
}

const RAW = 'sensor_msgs/msg/Image';
/** Topics that are results of a segmentation. */
const RESULTS = /(?:^|\/)(?:segmentation\/|mask$|confidence$)/;
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';

/**
 * Finds the pictures of some frames by stamp, or by file name. Where several cameras have one of that stamp, it is the
 * one whose topic has most in common with the mask's.
 * @param sources bags or folders of pictures, one after the other until all are found
 * @throws BagError or Error for a source that cannot be read
 */
export async function findOriginals(
  sources: readonly string[],
  frames: readonly FrameId[],
): Promise<Originals> {
  const found = new Map<FrameId, Picture>();
  const problems: string[] = [];
  for (const source of sources) {
    const wanted = frames.filter((frame) => !found.has(frame));
    if (wanted.length === 0) break;
    // Folders of masks have no pictures beside them.
    if (wanted[0]!.topic !== undefined || !isPngFolder(source)) await inBag(source, wanted, found, problems);
    else if (sources.length === 1) await inFolder(source, wanted, found, problems);
  }
  const lacking = frames.filter((frame) => !found.has(frame)).length;
  if (lacking > 0)
    problems.push(
      `no picture for ${lacking} of the worst frames; give the bag or folder that has them to --images`,
    );
  return { found, problems };
}

async function inFolder(
  source: string,
  wanted: readonly FrameId[],
  found: Map<FrameId, Picture>,
  problems: string[],
): Promise<void> {
  const paths = new Map(picturesOf(source).pictures.map((path) => [parse(path).name, path]));
  for (const frame of wanted) {
    const path = paths.get(parse(frame.name).name);
    if (path === undefined) continue;
    try {
      found.set(frame, await readPicture(path));
    } catch (error) {
      problems.push(errorText(error));
    }
  }
}

async function inBag(
  source: string,
  wanted: readonly FrameId[],
  found: Map<FrameId, Picture>,
  problems: string[],
): Promise<void> {
  const bag = await openBag(source);
  try {
    const engine = await PixelEngine.create();
    const closeness = new Map<FrameId, number>();
    for await (const message of bag.messages({ topics: cameras(bag) })) {
      const name = stampOf(message);
      for (const frame of wanted) {
        if (frame.name !== name) continue;
        const close = inCommon(frame.topic ?? '', message.topic.name);
        if (close <= (closeness.get(frame) ?? -1)) continue;
        try {
          found.set(frame, toRgb(engine, await imageOf(message)));
          closeness.set(frame, close);
        } catch (error) {
          problems.push(`picture of ${frameText(frame)}: ${message.where}: ${errorText(error)}`);
        }
      }
    }
  } finally {
    await bag.close();
  }
}

function cameras({ topics }: Bag): string[] {
  return topics
    .filter(({ type, name }) => [RAW, COMPRESSED].includes(type) && !RESULTS.test(name))
    .map(({ name }) => name);
}

/** Undefined for what is no picture. */
function stampOf({ topic, data }: BagMessage): string | undefined {
  try {
    if (topic.type === RAW) return stampText(parseImage(data).stamp);
    return topic.type === COMPRESSED ? stampText(parseCompressedImage(data).stamp) : undefined;
  } catch {
    // Its stamp may be another's; whoever lacks a picture is shown without one.
    return undefined;
  }
}

async function imageOf({ topic, data }: BagMessage): Promise<RawImage> {
  return topic.type === RAW ? parseImage(data).image : decodeCompressed(parseCompressedImage(data).image);
}

function toRgb(engine: PixelEngine, image: RawImage): Picture {
  checkImage(image);
  const { width, height } = image;
  const pixels = new Uint8Array(width * height * 3);
  engine.prepare(image, place(width, height, width, height, 'stretch'), pixels);
  return { width, height, pixels };
}

/** How many parts two topics' names begin with alike. */
function inCommon(a: string, b: string): number {
  const [partsA, partsB] = [a.split('/'), b.split('/')];
  const different = partsA.findIndex((part, i) => part !== partsB[i]);
  return different < 0 ? partsA.length : different;
}
