import { errorText } from '../../errorText.js';
import type { Bag, BagMessage } from '../../recording/bag.js';
import type { Stamp } from '../../recording/cdr.js';
import { parseImage, parseLabelInfo } from '../../recording/imageMessages.js';
import type { LabelInfo } from '../../recording/infoMessages.js';
import { openBag } from '../../recording/openBag.js';
import { checkImage } from '../../vision/rawImage.js';
import type { Finding, FrameId, MaskPairs, NamedIds, Plane } from './maskPairs.js';
import { pairByStamp, type Stamped } from './pairByStamp.js';
import { chooseTopics, type TopicPair } from './topicPairs.js';

const IMAGE = 'sensor_msgs/msg/Image';
const LABEL_INFO = 'vision_msgs/msg/LabelInfo';
/** What such pixels are called. */
const BYTES = ['mono8', '8UC1'];

interface Item extends Stamped, Plane {
  readonly of: 'mask' | 'confidence';
  readonly name: string;
}

/** A stamp in seconds, with all its digits. */
export function stampText({ sec, nanosec }: Stamp): string {
  return `${sec}.${String(nanosec).padStart(9, '0')}`;
}

/** The topic of the same camera's `name`; undefined where the mask has not the node's name. */
function beside(mask: string, name: string): string | undefined {
  return mask.endsWith('/mask') ? mask.replace(/mask$/, name) : undefined;
}

/** The masks of two bags, paired by topic and stamp. */
export class BagMasks implements MaskPairs {
  readonly #unread: string[] = [];

  private constructor(
    readonly a: Bag,
    readonly b: Bag,
    readonly topics: readonly TopicPair[],
  ) {}

  /**
   * @param wanted only these topics; all masks if empty
   * @throws BagError for what is no bag, Error with the remedy if there are no masks
   */
  static async open(pathA: string, pathB: string, wanted: readonly string[]): Promise<BagMasks> {
    const a = await openBag(pathA);
    let b: Bag | undefined;
    try {
      b = await openBag(pathB);
      const topics = chooseTopics(
        { path: pathA, images: images(a) },
        { path: pathB, images: images(b) },
        wanted,
      );
      return new BagMasks(a, b, topics);
    } catch (error) {
      await a.close();
      await b?.close();
      // Topics may be missing because of it.
      const [problem] = [...a.problems, ...(b?.problems ?? [])];
      if (problem === undefined) throw error;
      throw new Error(`${problem}; so ${errorText(error)}`, { cause: error });
    }
  }

  /** Topic by topic, so that it does not matter how the recordings interleave them. */
  async *findings(): AsyncGenerator<Finding, void, void> {
    for (const { a, b } of this.topics) {
      const confidenceA = has(this.a, IMAGE, a && beside(a, 'confidence'));
      const confidenceB = has(this.b, IMAGE, b && beside(b, 'confidence'));
      const both = confidenceA !== undefined && confidenceB !== undefined;
      const unusable: string[] = [];
      const streams = [
        planes(this.a, a, both ? confidenceA : undefined, unusable),
        planes(this.b, b, both ? confidenceB : undefined, unusable),
      ] as const;
      const topic = a ?? b!;
      const frame = ({ name }: Item): FrameId => ({ topic, name });
      const problems = function* (): Generator<Finding> {
        for (const problem of unusable.splice(0)) yield { kind: 'unusable', problem };
      };
      try {
        for await (const match of pairByStamp<Item>(...streams)) {
          yield* problems();
          yield 'alone' in match
            ? { kind: 'alone', of: match.alone.of, side: match.side, frame: frame(match.alone) }
            : { kind: match.a.of, frame: frame(match.a), a: match.a, b: match.b };
        }
        yield* problems();
      } finally {
        for (const stream of streams) await stream.return();
      }
    }
  }

  async names(): Promise<NamedIds | undefined> {
    const inA = await this.#namesIn(this.a, 'a');
    const inB = await this.#namesIn(this.b, 'b');
    if (inA.size === 0 && inB.size === 0) return undefined;
    const contradictions = [...inA]
      .filter(([id, name]) => inB.has(id) && inB.get(id) !== name)
      .map(
        ([id, name]) => `id ${id} is "${name}" in A and "${inB.get(id)!}" in B; ids are compared, not names`,
      );
    return { names: new Map([...inB, ...inA]), contradictions };
  }

  /** By the first label_info of each camera; where cameras differ, the first camera's. */
  async #namesIn(bag: Bag, side: 'a' | 'b'): Promise<Map<number, string>> {
    const names = new Map<number, string>();
    for (const pair of this.topics) {
      const topic = has(bag, LABEL_INFO, pair[side] && beside(pair[side], 'label_info'));
      if (topic === undefined) continue;
      for await (const message of bag.messages({ topics: [topic] })) {
        if (message.topic.type !== LABEL_INFO) continue;
        for (const { class_id, class_name } of this.#classesOf(message))
          if (!names.has(class_id)) names.set(class_id, class_name);
        break;
      }
    }
    return names;
  }

  #classesOf({ data, where }: BagMessage): LabelInfo['class_map'] {
    try {
      return parseLabelInfo(data).class_map;
    } catch (error) {
      this.#unread.push(`${where}: ${errorText(error)}; its names are left out`);
      return [];
    }
  }

  problems(): readonly string[] {
    return [...new Set([...this.a.problems, ...this.b.problems, ...this.#unread])];
  }

  async close(): Promise<void> {
    await this.a.close();
    await this.b.close();
  }
}

function images({ topics }: Bag): string[] {
  return topics.filter(({ type }) => type === IMAGE).map(({ name }) => name);
}

function has({ topics }: Bag, type: string, name: string | undefined): string | undefined {
  return topics.find((topic) => topic.name === name && topic.type === type)?.name;
}

/** @param unusable where messages that are none are noted, a line each */
async function* planes(
  bag: Bag,
  mask: string | undefined,
  confidence: string | undefined,
  unusable: string[],
): AsyncGenerator<Item, void, void> {
  const topics = [mask, confidence].filter((topic) => topic !== undefined);
  if (topics.length === 0) return;
  for await (const message of bag.messages({ topics })) {
    if (message.topic.type !== IMAGE) continue;
    let item;
    try {
      item = itemOf(message.data, message.topic.name === mask ? 'mask' : 'confidence');
    } catch (error) {
      unusable.push(`${message.where}: ${message.topic.name}: ${errorText(error)}`);
      continue;
    }
    yield item;
  }
}

function itemOf(message: Uint8Array, of: Item['of']): Item {
  const { stamp, image } = parseImage(message);
  const { width, height, encoding, step, data } = image;
  if (!BYTES.includes(encoding))
    throw new Error(`is ${encoding}, not mono8 as masks are; name the topics of masks by --topics`);
  checkImage({ ...image, encoding: 'mono8' });
  // A copy: the message is the reader's.
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) pixels.set(data.subarray(y * step, y * step + width), y * width);
  const name = stampText(stamp);
  return {
    key: `${of} ${name}`,
    stamp: BigInt(stamp.sec) * 1_000_000_000n + BigInt(stamp.nanosec),
    bytes: pixels.length,
    of,
    name,
    width,
    height,
    pixels,
  };
}
