import { rename, rm } from 'node:fs/promises';
import { leftBehind, unfinishedName } from '../../newFile.js';
import { OUTPUTS, type Output, type OutputKind, type OutputRequest } from '../../inference/outputs.js';
import type { Segmentation } from '../../inference/segmenter.js';
import { scaleCameraInfo } from '../../node/cameraInfo.js';
import type { Size } from '../../node/maskSize.js';
import {
  groupTopics,
  IMAGE_TOPIC,
  LABEL_INFO_TOPIC,
  MASK_INFO_TOPIC,
  OUTPUT_TOPICS,
  type Topic,
} from '../../node/topics.js';
import type { BagMessage } from '../../recording/bag.js';
import { type BagChannel, type BagCompression, BagWriter } from '../../recording/bagWriter.js';
import { CompressedImageCdr, PNG_MASK } from '../../recording/compressedImageCdr.js';
import { ImageCdr } from '../../recording/imageCdr.js';
import { parseImage } from '../../recording/imageMessages.js';
import { cameraInfoCdr, labelInfoCdr } from '../../recording/infoMessages.js';
import { openBag } from '../../recording/openBag.js';
import type { SourcePicture, Stream } from './pictures.js';
import { FRAME_COLUMNS, frameRow, kindsOf, type FrameHead, type Sink, type SinkPlan } from './sink.js';

/** Writes the outputs into an MCAP file, on the topics and with the QoS that the node publishes them with. */
export class BagSink implements Sink {
  readonly #channels = new Map<string, BagChannel>();
  readonly #rows: string[] = [];
  /** How many frames of a stream and time an earlier run has written. */
  readonly #done = new Map<string, number>();
  readonly #told = new Set<Stream>();

  private constructor(
    private readonly plan: SinkPlan,
    private readonly writer: BagWriter,
  ) {}

  /** @throws BagError naming file, cause and remedy */
  static async open(plan: SinkPlan, compression: BagCompression): Promise<BagSink> {
    const left = leftBehind(plan.path, plan.mark);
    // Of this process from now on: whoever looks meanwhile sees that it is written.
    const old = left === undefined ? undefined : unfinishedName(plan.path, `${plan.mark}.old`);
    if (left !== undefined) await rename(left, old!);
    const writer = await BagWriter.create(plan.path, { compression, mark: plan.mark });
    const sink = new BagSink(plan, writer);
    if (old !== undefined) {
      await sink.#takeOver(old);
      await rm(old);
    }
    return sink;
  }

  get resumed(): number {
    return [...this.#done.values()].reduce((sum, count) => sum + count, 0);
  }

  has({ stream, time }: Pick<SourcePicture, 'stream' | 'time'>): boolean {
    const key = keyOf(stream, time);
    const count = this.#done.get(key) ?? 0;
    if (count > 0) this.#done.set(key, count - 1);
    return count > 0;
  }

  requests(picture: SourcePicture, { width, height }: Size): readonly OutputRequest[] {
    const kinds = kindsOf(this.plan.written).map((kind) => ({
      kind,
      width,
      height,
      headroom: headOf(kind, picture.frameId, width, height).headroom,
    }));
    const groups = this.plan.written.has('groups') ? [...this.plan.classes.groups.keys()] : [];
    return [
      ...kinds,
      ...groups.map((group) => ({
        kind: 'group' as const,
        group,
        width,
        height,
        headroom: headOf('group', picture.frameId, width, height).headroom,
      })),
    ];
  }

  async write(frame: FrameHead, size: Size, outputs: Segmentation['outputs']): Promise<void> {
    const { plan } = this;
    const { stream, stamp, frameId, time } = frame;
    const put = async (topic: Topic, data: Uint8Array): Promise<void> => {
      await (await this.#channel(stream, topic)).write(time, data);
    };
    if (plan.written.has('label_info') && !this.#told.has(stream)) {
      const class_map = [...plan.classes.names].map(([class_id, class_name]) => ({ class_id, class_name }));
      const header = { stamp, frame_id: '' };
      await put(LABEL_INFO_TOPIC, labelInfoCdr({ header, class_map, threshold: plan.threshold }));
    }
    this.#told.add(stream);
    if (frame.original !== undefined)
      await put(originalTopic(stream, frame.original.type), frame.original.data);
    const [mask, ...others] = outputs;
    for (const output of others) await put(topicOfOutput(output), messageOf(output, frame));
    if (stream.info !== undefined && plan.written.has('camera_info')) {
      const info = cameraInfoCdr(
        scaleCameraInfo({ ...stream.info, header: { stamp, frame_id: frameId } }, size, stamp),
      );
      await put(MASK_INFO_TOPIC, info);
      for (const output of others)
        if (output.kind === 'group') await put(groupTopics(output.group ?? '').info, info);
    }
    // Last: a frame whose mask is there is complete.
    await put(OUTPUT_TOPICS.mask, messageOf(mask!, frame));
    this.#rows.push(frameRow(stream, text(stamp), pixelsOf(mask!)));
  }

  async close(): Promise<void> {
    await this.writer.attachment(
      'frames.csv',
      'text/csv',
      Buffer.from([FRAME_COLUMNS, ...this.#rows].join('')),
    );
    await this.writer.close();
  }

  async leave(): Promise<void> {
    // The temporary file stays as it is: a later run reads what is whole of it.
  }

  /** Copies the complete frames of an earlier run. */
  async #takeOver(path: string): Promise<void> {
    const bag = await openBag(path);
    const { streams } = this.plan;
    /** Of the frame whose mask has not come yet. */
    let frame: { readonly stream: Stream; readonly topic: Topic; time: bigint; data: Buffer }[] = [];
    try {
      for await (const message of bag.messages()) {
        const found = this.#place(message, streams);
        if (found === undefined) continue;
        const { time } = message;
        frame.push({ ...found, time, data: Buffer.from(message.data) });
        if (found.topic !== OUTPUT_TOPICS.mask) continue;
        for (const { stream, topic, data } of frame) {
          if (topic === LABEL_INFO_TOPIC) this.#told.add(stream);
          await (await this.#channel(stream, topic)).write(time, data);
        }
        frame = [];
        const { stamp, image } = parseImage(message.data);
        this.#rows.push(frameRow(found.stream, text(stamp), image.data));
        const key = keyOf(found.stream, time);
        this.#done.set(key, (this.#done.get(key) ?? 0) + 1);
      }
    } finally {
      await bag.close();
    }
  }

  #place(
    { topic: { name, type } }: BagMessage,
    streams: readonly Stream[],
  ): { readonly stream: Stream; readonly topic: Topic } | undefined {
    const groups = [...this.plan.classes.groups.keys()].flatMap((group) => Object.values(groupTopics(group)));
    const topics = [...Object.values(OUTPUT_TOPICS), LABEL_INFO_TOPIC, MASK_INFO_TOPIC, ...groups];
    for (const stream of streams) {
      const topic = topics.find((own) => nameOf(stream, own) === name);
      if (topic !== undefined) return { stream, topic };
      if (stream.name === name) return { stream, topic: originalTopic(stream, type) };
    }
    return undefined;
  }

  async #channel(stream: Stream, topic: Topic): Promise<BagChannel> {
    const name = nameOf(stream, topic);
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = await this.writer.topic(name, topic.type, { qos: topic.qos });
      this.#channels.set(name, channel);
    }
    return channel;
  }
}

function keyOf(stream: Stream, time: bigint): string {
  return `${stream.name}@${time}`;
}

function nameOf(stream: Stream, topic: Topic): string {
  return topic.name.startsWith('/') ? topic.name : `${stream.namespace}${topic.name}`;
}

function originalTopic(stream: Stream, type: string): Topic {
  return { ...IMAGE_TOPIC, name: stream.name.startsWith('/') ? stream.name : `/${stream.name}`, type };
}

function topicOfOutput({ kind, group = '' }: Output): Topic {
  return kind === 'group' ? groupTopics(group).mask : OUTPUT_TOPICS[kind];
}

function headOf(
  kind: OutputKind,
  frameId: string,
  width: number,
  height: number,
): ImageCdr | CompressedImageCdr {
  if (kind === 'mask_png') return new CompressedImageCdr(frameId, PNG_MASK);
  const { encoding, channels } = OUTPUTS[kind];
  return new ImageCdr(frameId, encoding, width, height, width * channels);
}

/** The message of an output, completed in its buffer. */
function messageOf(output: Output, { stamp, frameId }: FrameHead): Buffer {
  const { kind, width, height, buffer, packedBytes } = output;
  const head = headOf(kind, frameId, width, height);
  if (head instanceof ImageCdr) {
    const message = Buffer.from(buffer, 0, head.headroom + head.step * height);
    head.write(message, stamp);
    return message;
  }
  const message = Buffer.from(buffer, 0, head.headroom + (packedBytes ?? 0));
  head.write(message, stamp, packedBytes ?? 0);
  return message;
}

function pixelsOf({ buffer, headroom, width, height }: Output): Uint8Array {
  return new Uint8Array(buffer, headroom, width * height);
}

function text({ sec, nanosec }: FrameHead['stamp']): string {
  return `${sec}.${String(nanosec).padStart(9, '0')}`;
}
