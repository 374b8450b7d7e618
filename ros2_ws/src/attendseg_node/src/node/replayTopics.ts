import type { Bag, BagTopic } from '../recording/bag.js';
import { latchedDepth } from '../recording/offeredQos.js';
import { errorText } from '../errorText.js';
import type { Peer } from './qosMismatch.js';
import {
  CAMERA_INFO_TOPIC,
  COMPRESSED_IMAGE_TOPIC,
  groupTopics,
  IMAGE_TOPIC,
  LABEL_INFO_TOPIC,
  MASK_INFO_TOPIC,
  OUTPUT_TOPICS,
  type Topic,
  type TopicQos,
} from './topics.js';

/** What is played. */
const PLAYED: readonly string[] = [
  IMAGE_TOPIC.type,
  COMPRESSED_IMAGE_TOPIC.type,
  CAMERA_INFO_TOPIC.type,
  LABEL_INFO_TOPIC.type,
];

/** Reliable matches every subscriber; the depth is for those who take a moment. */
const LIVE: TopicQos = { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 10 };

/** Is it a topic of pictures? */
export function isPicture({ type }: Pick<Topic, 'type'>): boolean {
  return type === IMAGE_TOPIC.type || type === COMPRESSED_IMAGE_TOPIC.type;
}

/** The topics of a bag that are played, as they are published, and what people should know of the others. */
export interface Choice {
  readonly topics: readonly Topic[];
  readonly notes: readonly string[];
}

/**
 * @param asked names; all that can be played if left out
 * @param listens is the node listened to? Its own outputs in the bag are left out then, unless asked for
 * @throws Error that names what is not there, and lists what is
 */
export function chooseTopics(
  bag: Pick<Bag, 'path' | 'topics'>,
  asked: readonly string[] | undefined,
  listens: boolean,
): Choice {
  const known = bag.topics.filter(({ type }) => PLAYED.includes(type));
  const names = known.map(({ name }) => name).sort();
  if (asked === undefined && known.length === 0) {
    const all = bag.topics.map(({ name, type }) => `${name} (${type})`).join(', ');
    throw new Error(
      `bag ${bag.path}: nothing in it that can be played (pictures, CameraInfo, LabelInfo); it has ${all || 'no topics'}`,
    );
  }
  const notes: string[] = [];
  const chosen = (asked ?? names).flatMap((name): BagTopic[] => {
    const topic = known.find((each) => each.name === name);
    if (topic === undefined) {
      const other = bag.topics.find((each) => each.name === name);
      const what = other === undefined ? 'there is no such topic' : `it is of type ${other.type}`;
      throw new Error(
        `bag ${bag.path}: topic ${name}: ${what}; it can play ${names.join(', ') || 'nothing'}`,
      );
    }
    if (asked !== undefined || !listens || !name.includes('/segmentation/')) return [topic];
    notes.push(`${name} is left out: it is an output of segmentation; --topics plays it`);
    return [];
  });
  const topics = chosen.map((topic) => {
    let depth;
    try {
      depth = latchedDepth(topic.offeredQos);
    } catch (error) {
      notes.push(`${topic.name} is not latched: ${errorText(error)}`);
    }
    const qos: TopicQos = depth === undefined ? LIVE : { ...LIVE, durability: 'transient_local', depth };
    return { name: topic.name, type: topic.type, encoding: '', description: '', qos };
  });
  return { topics, notes };
}

/** Names of the outputs that can be listened to, as in --outputs. */
export const OUTPUT_NAMES = [...Object.keys(OUTPUT_TOPICS), 'label_info', 'camera_info', 'groups/<name>'];

/** An output by its name, or undefined. */
export function outputTopic(name: string): Topic | undefined {
  if (name === 'label_info') return LABEL_INFO_TOPIC;
  if (name === 'camera_info') return MASK_INFO_TOPIC;
  const [, group] = /^groups\/(\w+)$/.exec(name) ?? [];
  if (group !== undefined) return groupTopics(group).mask;
  return Object.entries(OUTPUT_TOPICS).find(([kind]) => kind === name)?.[1];
}

/** The raw topic, of a compressed one beside it. */
function rawOf(image: string): string {
  return image.replace(/\/compressed$/, '');
}

/**
 * What stands before the names of each camera's outputs in the file: the image's namespace, or the image itself where two
 * cameras would share one. `attendseg segment` names them so, whatever the node's namespace.
 */
export function recordedNamespaces(images: readonly string[]): string[] {
  const parents = images.map((image) => rawOf(image).replace(/[^/]*$/, ''));
  return images.map((image, i) =>
    parents.filter((parent) => parent === parents[i]).length > 1 ? `${rawOf(image)}/` : parents[i]!,
  );
}

const MASK = `/${OUTPUT_TOPICS.mask.name}`;

/** A topic of masks with the full names of the nodes that publish it. */
export interface MaskTopic {
  readonly name: string;
  readonly nodes: ReadonlySet<string>;
}

/** Full names of the nodes, without those that are not known yet: of two such nobody can tell that they are one. */
export function namesOf(peers: readonly Peer[]): Set<string> {
  return new Set(peers.flatMap(({ node }) => node ?? []));
}

/**
 * Finds the node that segments a camera, by the graph: it takes the pictures and publishes masks.
 * @param takers full names of the nodes that subscribe to the pictures
 * @param within namespace that the masks have to be in, if the user says so
 * @returns what stands before the names of its outputs, such as /camera/; undefined if nobody segments it
 * @throws Error if it cannot be told which of several topics of masks belongs to the camera
 */
export function outputsOf(
  image: string,
  takers: ReadonlySet<string>,
  masks: readonly MaskTopic[],
  within: string | undefined,
): string | undefined {
  const place = within === undefined ? '/' : `${within.replace(/^\/*/, '/').replace(/\/*$/, '')}/`;
  const found = masks
    .filter(({ name, nodes }) => name.endsWith(MASK) && [...nodes].some((node) => takers.has(node)))
    .map(({ name }) => name.slice(0, -MASK.length + 1))
    .filter((prefix) => prefix.startsWith(place));
  if (found.length < 2) return found[0];
  // A node of several cameras: its outputs are named after the camera, and so is its topic.
  const [parent] = recordedNamespaces([image]);
  const own = found.filter((prefix) => prefix === parent || prefix === place);
  if (own.length === 1) return own[0];
  const parts = rawOf(image).split('/');
  const named = found.filter((prefix) => parts.includes(prefix.split('/').at(-2)!));
  if (named.length === 1) return named[0];
  throw new Error(
    `${image}: its masks may be on ${found.map((prefix) => `${prefix.slice(0, -1)}${MASK}`).join(' or ')}; say which by --node-namespace`,
  );
}
