import { errorText } from '../../errorText.js';
import { IMAGE_TOPIC, COMPRESSED_IMAGE_TOPIC, CAMERA_INFO_TOPIC, infoBeside } from '../../node/topics.js';
import type { Bag, BagMessage, BagTopic } from '../../recording/bag.js';
import type { Stamp } from '../../recording/cdr.js';
import { parseCameraInfo, parseCompressedImage, parseImage } from '../../recording/imageMessages.js';
import type { CameraInfo } from '../../recording/infoMessages.js';
import { openBag } from '../../recording/openBag.js';
import type { PictureSource, RecordedFrame, SourcePicture, Stream, Unusable } from './pictures.js';

/** Which of a bag's pictures are segmented. */
export interface BagChoice {
  /** Topics; all with pictures if left out. */
  readonly topics?: readonly string[] | undefined;
  /** Seconds after the bag's first message. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

const PARSERS: Readonly<Record<string, (message: Uint8Array) => RecordedFrame>> = {
  [IMAGE_TOPIC.type]: parseImage,
  [COMPRESSED_IMAGE_TOPIC.type]: parseCompressedImage,
};

/** The pictures of a bag. */
export class BagPictures implements PictureSource {
  readonly #left = new Set<string>();
  readonly #latest = new Map<string, bigint>();

  private constructor(
    private readonly bag: Bag,
    private readonly byTopic: ReadonlyMap<string, Stream>,
    private readonly window: { readonly from?: bigint; readonly until?: bigint },
    readonly notes: readonly string[],
  ) {}

  /** @throws BagError; Error that names the topic, if one that was asked for is not there */
  static async open(path: string, choice: BagChoice): Promise<BagPictures> {
    const bag = await openBag(path);
    try {
      const { topics, notes } = chooseTopics(bag, choice.topics);
      const names = namespacesOf(topics.map(({ name }) => name));
      const streams = new Map<string, Stream>();
      for (const [i, { name }] of topics.entries())
        streams.set(name, { name, namespace: names[i]!, info: await firstInfo(bag, imageOf(name)) });
      return new BagPictures(bag, streams, await windowOf(bag, choice), notes);
    } catch (error) {
      await bag.close();
      throw error;
    }
  }

  get streams(): readonly Stream[] {
    return [...this.byTopic.values()];
  }

  get expected(): number | undefined {
    const counts = [...this.byTopic.keys()].map(
      (name) => this.bag.topics.find((topic) => topic.name === name)?.messages,
    );
    if (counts.includes(undefined)) return undefined;
    const sum = counts.reduce<number>((total, count) => total + count!, 0);
    const { span } = this.bag;
    const { from, until } = this.window;
    if ((from === undefined && until === undefined) || span === undefined) return sum;
    const whole = Number(span.end - span.start) || 1;
    const part = Number((until ?? span.end) - (from ?? span.start));
    return Math.max(0, Math.min(sum, Math.round((sum * part) / whole)));
  }

  leave(stream: Stream): void {
    this.#left.add(stream.name);
  }

  async *pictures(): AsyncGenerator<SourcePicture | Unusable, void, void> {
    const { bag, byTopic, window } = this;
    let told = 0;
    const problems = function* (): Generator<Unusable> {
      while (told < bag.problems.length) yield { problem: bag.problems[told++]! };
    };
    yield* problems();
    for await (const message of bag.messages({ topics: [...byTopic.keys()], ...window })) {
      yield* problems();
      const stream = byTopic.get(message.topic.name)!;
      if (this.#left.has(stream.name)) continue;
      yield* this.#picture(message, stream);
    }
    yield* problems();
  }

  async close(): Promise<void> {
    await this.bag.close();
  }

  *#picture(message: BagMessage, stream: Stream): Generator<SourcePicture | Unusable> {
    const { topic, time, where, data } = message;
    let frame: RecordedFrame;
    try {
      frame = PARSERS[topic.type]!(data);
    } catch (error) {
      yield { problem: `${where}, ${topic.name}: ${errorText(error)}` };
      return;
    }
    const stamp = nanoseconds(frame.stamp);
    const latest = this.#latest.get(stream.name);
    if (latest !== undefined && stamp < latest) {
      const back = (Number(latest - stamp) / 1e9).toFixed(3);
      yield {
        problem: `${where}, ${topic.name}: its stamp is ${back} s before the one ahead of it; the picture is segmented all the same`,
      };
    }
    this.#latest.set(stream.name, stamp);
    yield { ...frame, stream, time, name: fileName(frame.stamp), where, message: { type: topic.type, data } };
  }
}

function nanoseconds({ sec, nanosec }: Stamp): bigint {
  return BigInt(sec) * 1_000_000_000n + BigInt(nanosec);
}

/** Sorts as the stamps do. */
function fileName({ sec, nanosec }: Stamp): string {
  return `${String(sec).padStart(10, '0')}_${String(nanosec).padStart(9, '0')}`;
}

/** The raw topic, of a compressed one beside it. */
function imageOf(topic: string): string {
  return topic.replace(/\/compressed$/, '');
}

/** @throws Error that names what is not there, and lists what is */
function chooseTopics(
  bag: Bag,
  asked: readonly string[] | undefined,
): { readonly topics: readonly BagTopic[]; readonly notes: readonly string[] } {
  const pictures = bag.topics.filter(({ type }) => type in PARSERS);
  const list = pictures.map(({ name }) => name).sort();
  const there = list.length === 0 ? 'it has no pictures' : `it has ${list.join(', ')}`;
  if (asked !== undefined) {
    const topics = asked.map((name) => {
      const found = pictures.find((topic) => topic.name === name);
      if (found !== undefined) return found;
      const other = bag.topics.find((topic) => topic.name === name);
      const what = other === undefined ? 'there is no such topic' : `it is of type ${other.type}`;
      throw new Error(`bag ${bag.path}: topic ${name}: ${what}; ${there}`);
    });
    return { topics, notes: [] };
  }
  if (list.length === 0) {
    const all = bag.topics.map(({ name, type }) => `${name} (${type})`).join(', ');
    const damage = bag.problems.map((problem) => `; ${problem}`).join('');
    throw new Error(
      `bag ${bag.path}: no pictures (sensor_msgs Image or CompressedImage) in it; it has ${all || 'no topics'}${damage}`,
    );
  }
  const notes: string[] = [];
  const topics = pictures.filter(({ name, type }) => {
    if (/\/compressedDepth$/.test(name)) notes.push(`${name} is left out: it is depth, not a picture`);
    else if (type === COMPRESSED_IMAGE_TOPIC.type && imageOf(name) !== name && list.includes(imageOf(name)))
      notes.push(`${name} is left out: the same as ${imageOf(name)}; --topics ${name} takes it`);
    else if (/\/segmentation\//.test(name))
      notes.push(`${name} is left out: it is an output of segmentation, not a picture`);
    else return true;
    return false;
  });
  return { topics: topics.sort((a, b) => (a.name < b.name ? -1 : 1)), notes };
}

/**
 * What stands before the names of each topic's outputs: as the node in the camera's namespace has them; under the
 * topic itself, where two cameras would share one.
 */
function namespacesOf(topics: readonly string[]): string[] {
  const parents = topics.map((topic) => imageOf(topic).replace(/[^/]*$/, ''));
  return topics.map((topic, i) =>
    parents.filter((parent) => parent === parents[i]).length > 1 ? `${imageOf(topic)}/` : parents[i]!,
  );
}

/** Read ahead: it may stand behind the first picture. It does not change during a drive. */
async function firstInfo(bag: Bag, image: string): Promise<CameraInfo | undefined> {
  const { name } = infoBeside(image);
  if (!bag.topics.some((topic) => topic.name === name && topic.type === CAMERA_INFO_TOPIC.type))
    return undefined;
  for await (const { data } of bag.messages({ topics: [name] })) {
    try {
      return parseCameraInfo(data);
    } catch {
      // The next one may be sound; pictures do not need it.
    }
  }
  return undefined;
}

async function windowOf(
  bag: Bag,
  { start, end }: BagChoice,
): Promise<{ readonly from?: bigint; readonly until?: bigint }> {
  if (start === undefined && end === undefined) return {};
  const first = bag.span?.start ?? (await firstTime(bag));
  if (first === undefined) return {};
  const after = (seconds: number): bigint => first + BigInt(Math.round(seconds * 1e9));
  return {
    ...(start !== undefined && { from: after(start) }),
    ...(end !== undefined && { until: after(end) }),
  };
}

async function firstTime(bag: Bag): Promise<bigint | undefined> {
  for await (const { time } of bag.messages()) return time;
  return undefined;
}
