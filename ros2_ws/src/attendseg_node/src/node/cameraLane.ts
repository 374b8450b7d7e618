import type { Backend } from '../inference/backend.js';
import type { ClassTable } from '../inference/classTable.js';
import { Camera } from './camera.js';
import type { CameraInfo, DiagnosticStatus } from '../recording/infoMessages.js';
import { scaleCameraInfo } from './cameraInfo.js';
import type { CauseLog } from './causeLog.js';
import { diagnose } from './diagnostics.js';
import { droppedStatus } from './dropped.js';
import { healthOf } from './health.js';
import { ImagePublisher, type OutputPublisher, PngPublisher } from './imagePublisher.js';
import type { Parameters } from './parameterTable.js';
import type { Stamp } from '../recording/cdr.js';
import type { RosNode } from './ros.js';
import type { Scheduler } from './scheduler.js';
import { Rates } from './rates.js';
import { TopicSource } from './topicSource.js';
import {
  DROPPED_TOPIC,
  groupTopics,
  IMAGE_TOPIC,
  infoBeside,
  MASK_INFO_TOPIC,
  OUTPUT_TOPICS,
  type Topic,
  topicOf,
} from './topics.js';

/** What the cameras of a node share. */
export interface LaneHost {
  readonly node: RosNode;
  /** The network as it is now. */
  readonly backend: () => Backend;
  readonly scheduler: Scheduler;
  readonly complaints: CauseLog;
  readonly classes: () => ClassTable;
  readonly enabled: () => boolean;
}

/** All that belongs to one camera of the node: where its pictures come from, their way, and where the outputs go. */
export class CameraLane {
  readonly camera: Camera;
  readonly #source: TopicSource;
  readonly #host: LaneHost;
  readonly #parameters: () => Parameters;
  readonly #startedAt: number;
  readonly #rates: Rates;
  #info: CameraInfo | undefined;
  /** What was wrong with a frame since the last report. */
  #complaint: string | undefined;

  /**
   * @param name of the camera, before its topics; empty if it is the only one
   * @throws Error that names the topic that cannot be used
   */
  constructor(host: LaneHost, name: string, parameters: () => Parameters) {
    this.#host = host;
    this.#parameters = parameters;
    const { node, scheduler, backend, complaints } = host;
    const own = (topic: Topic): Topic => topicOf(name, topic);
    this.#startedAt = scheduler.now();
    const outputs: OutputPublisher[] = [];
    const infos = [node.publisher<CameraInfo>(own(MASK_INFO_TOPIC))];
    for (const [kind, topic] of Object.entries(OUTPUT_TOPICS) as [keyof typeof OUTPUT_TOPICS, Topic][]) {
      const publisher = node.publisher<Buffer>(own(topic));
      outputs.push(kind === 'mask_png' ? new PngPublisher(publisher) : new ImagePublisher(kind, publisher));
    }
    for (const group of host.classes().groups.keys()) {
      const { mask, info } = groupTopics(group);
      outputs.push(new ImagePublisher('group', node.publisher(own(mask)), group));
      infos.push(node.publisher(own(info)));
    }
    const drops = node.publisher<DiagnosticStatus>(own(DROPPED_TOPIC));
    this.camera = new Camera(scheduler, outputs, {
      name,
      parameters,
      age: (stamp) => secondsBetween(stamp, node.now()),
      classes: host.classes,
      enabled: host.enabled,
      network: () => backend().model.manifest.input,
      dropped: (frame, reason) => {
        node.guard('dropped frame not told', () => {
          if (drops.wanted) drops.publish(droppedStatus(this.#source.name, frame, reason));
        });
      },
      published: (stamp, size) => {
        const info = this.#info;
        if (info === undefined) return;
        for (const publisher of infos)
          if (publisher.wanted) publisher.publish(scaleCameraInfo(info, size, stamp));
      },
      warn: (message) => {
        node.log.warn(`${this.#source.name}: ${message}`);
      },
      refuse: (cause, message) => {
        this.#complaint = `${this.#source.name}: ${message}`;
        complaints.say(`${this.#source.name} ${cause}: ${message}`, this.#complaint);
      },
    });
    this.#rates = new Rates(this.camera.counts, this.#startedAt);
    this.#source = new TopicSource(node, own(IMAGE_TOPIC), (picture) => {
      this.camera.receive(picture);
    });
    this.follow();
    node.subscribe(infoBeside(this.#source.name), (message) => {
      this.#info = message as CameraInfo;
    });
  }

  /** Takes pictures from where they are published now; to be called again and again. @throws Error that names the topic */
  follow(): void {
    this.#source.follow(this.#parameters().image_transport);
  }

  /** The topic of its pictures. */
  get topic(): string {
    return this.#source.name;
  }

  /** How it fares since the last call. `warning`: what is wrong around the node. `engine`: of TensorRT, for people. */
  report(warning: string | undefined, engine: string): DiagnosticStatus {
    const { node, backend, scheduler } = this.#host;
    const { camera } = this;
    const source = this.#source;
    const { stale_after, threads } = this.#parameters();
    const now = scheduler.now();
    const pace = this.#rates.look(now);
    const health = healthOf({
      now,
      startedAt: this.#startedAt,
      lastArrival: camera.lastArrival,
      staleAfter: 1000 * stale_after,
      source: source.name,
      obstacle: () => source.obstacle,
      standby: camera.standby,
      pace,
      trouble: backend().trouble ?? this.#complaint,
      warning,
    });
    this.#complaint = undefined;
    return diagnose({
      node: node.fullName.slice(1),
      model: backend().model,
      threads,
      camera,
      source,
      pace,
      engine,
      health,
    });
  }
}

function secondsBetween(from: Stamp, to: Stamp): number {
  return to.sec - from.sec + (to.nanosec - from.nanosec) / 1e9;
}
