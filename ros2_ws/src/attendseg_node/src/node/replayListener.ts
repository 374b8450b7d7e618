import { parseHeader } from '../recording/imageMessages.js';
import type { DiagnosticStatus } from '../recording/infoMessages.js';
import { stampText } from './dropped.js';
import type { PlayOptions } from './playOptions.js';
import { ReplayCamera } from './replayCamera.js';
import type { ReplayRecorder } from './replayRecorder.js';
import { type MaskTopic, namesOf, outputsOf, outputTopic, recordedNamespaces } from './replayTopics.js';
import type { RosNode } from './ros.js';
import { CAMERA_INFO_TOPIC, DROPPED_TOPIC, LABEL_INFO_TOPIC, OUTPUT_TOPICS, type Topic } from './topics.js';

/** Messages that wait for us, at least: masks come in bursts where pictures do. */
const DEPTH = 100;

interface Listened {
  readonly camera: ReplayCamera;
  /** Before the names of its outputs. */
  readonly namespace: string;
}

/** Hears what a node answers to played pictures. */
export class ReplayListener {
  /** Of each topic of pictures: where the outputs are. */
  #found = new Map<string, string>();
  readonly #listened = new Map<string, Listened>();
  #time: bigint;

  /** @param start of what is played, nanoseconds since 1970 */
  constructor(
    private readonly node: RosNode,
    private readonly images: readonly Topic[],
    private readonly options: PlayOptions,
    private readonly recorder: ReplayRecorder | undefined,
    start: bigint,
  ) {
    this.#time = start;
  }

  /** Looks for the nodes that segment. @returns whether there is one. @throws Error if it cannot be told which is meant */
  look(): boolean {
    const masks = this.#masks();
    this.#found = new Map(
      this.images.flatMap((image) => {
        const place = this.#placeOf(image, masks);
        return place === undefined ? [] : [[image.name, place]];
      }),
    );
    return this.#found.size > 0;
  }

  #placeOf(image: Topic, masks: readonly MaskTopic[]): string | undefined {
    const name = this.node.resolve(image);
    const takers = this.node.subscriptionsOf(name).filter(({ type }) => type === image.type);
    return outputsOf(name, namesOf(takers), masks, this.options.nodeNamespace);
  }

  #masks(): MaskTopic[] {
    const { node } = this;
    return node
      .topicsOf(OUTPUT_TOPICS.mask.type)
      .filter((name) => name.endsWith(`/${OUTPUT_TOPICS.mask.name}`))
      .map((name) => ({ name, nodes: namesOf(node.publishersOf(name)) }));
  }

  /** Looks again, and listens to what is found from now on. @throws Error that names the topic or file */
  async open(): Promise<void> {
    this.look();
    const images = [...this.#found.keys()];
    const recorded = recordedNamespaces(images);
    for (const [i, image] of images.entries()) await this.#open(image, this.#found.get(image)!, recorded[i]!);
  }

  async #open(image: string, namespace: string, recorded: string): Promise<void> {
    const { node, options, recorder } = this;
    const outputs = options.outputs.map((name) => ({ name, topic: outputTopic(name)! }));
    const isOfEach = ({ topic: { type } }: { readonly topic: Topic }): boolean =>
      type !== LABEL_INFO_TOPIC.type && type !== CAMERA_INFO_TOPIC.type;
    const camera = new ReplayCamera(
      image,
      new Set(outputs.filter(isOfEach).map(({ name }) => name)),
      options.lossless === true,
    );
    for (const { name, topic } of outputs) {
      const written = `${recorded}${topic.name}`;
      await recorder?.add(written, topic);
      node.subscribeRaw(deep(namespace, topic), (message) => {
        const { stamp } = parseHeader(topic.type, message);
        const time =
          topic.type === LABEL_INFO_TOPIC.type ? this.#time : camera.output(name, stampText(stamp));
        if (time !== undefined) recorder?.write(written, time, message);
      });
    }
    node.subscribe(deep(namespace, DROPPED_TOPIC), (message) => {
      const { message: reason, values } = message as DiagnosticStatus;
      const stamp = values.find(({ key }) => key === 'stamp')?.value;
      if (stamp !== undefined) camera.drop(stamp, reason);
    });
    this.#listened.set(image, { camera, namespace });
  }

  get cameras(): readonly ReplayCamera[] {
    return [...this.#listened.values()].map(({ camera }) => camera);
  }

  /** Of a topic of pictures that a node takes. */
  cameraOf(image: string): ReplayCamera | undefined {
    return this.#listened.get(image)?.camera;
  }

  /** Does somebody still publish its masks? */
  isThere({ image }: ReplayCamera): boolean {
    const { namespace } = this.#listened.get(image)!;
    return this.node.publishersOf(`${namespace}${OUTPUT_TOPICS.mask.name}`).length > 0;
  }

  /** What was recorded at `time` is played. */
  now(time: bigint): void {
    this.#time = time;
  }
}

/** A node's topic, for who must not lose any. */
function deep(namespace: string, topic: Topic): Topic {
  return { ...topic, name: `${namespace}${topic.name}`, qos: { ...topic.qos, depth: DEPTH } };
}
