import { setTimeout as sleep } from 'node:timers/promises';
import rclnodejs from 'rclnodejs';
import { Scope } from '../inference/scope.js';
import { Segmenter } from '../inference/segmenter.js';
import { shippedModel } from '../inference/shippedModel.js';
import { Camera } from './camera.js';
import { declareParameters } from './declareParameters.js';
import { diagnose } from './diagnostics.js';
import { parseImage } from './imageMessage.js';
import { ImagePublisher, type RawPublisher } from './imagePublisher.js';
import { readOverrides } from './parameterOverrides.js';
import { ReportOnce } from './reportOnce.js';
import { Scheduler } from './scheduler.js';
import { DIAGNOSTICS_TOPIC, IMAGE_TOPIC, OUTPUT_TOPICS, type Topic } from './topics.js';
import { TransportLoss } from './transportLoss.js';
import type { OutputKind } from '../inference/protocol.js';

type Node = InstanceType<typeof rclnodejs.Node>;
type TypeName = Parameters<Node['createPublisher']>[0];

/** Milliseconds that a frame in flight gets at the end. */
const LAST_FRAME = 800;
/** Milliseconds that the session gets to close. */
const CLOSING = 400;

/** A node that segments one camera's pictures. */
export class SegmentationNode {
  readonly #node: Node;
  readonly #segmenter: Segmenter;
  readonly #camera: Camera;
  readonly #loss = new TransportLoss();
  #complaint: string | undefined;

  private constructor(
    node: Node,
    segmenter: Segmenter,
    parameters: () => ReturnType<ReturnType<typeof declareParameters>>,
  ) {
    this.#node = node;
    this.#segmenter = segmenter;
    const log = node.getLogger();
    const topic = node.resolveTopicName(IMAGE_TOPIC.name);
    const publishers = Object.entries(OUTPUT_TOPICS).map(
      ([kind, output]) =>
        new ImagePublisher(
          kind as OutputKind,
          output,
          node.createPublisher(output.type as TypeName, output.name, {
            qos: qosOf(output),
          }) as unknown as RawPublisher,
        ),
    );
    const complaints = new ReportOnce((message) => {
      log.error(message);
    });
    this.#camera = new Camera(new Scheduler(segmenter), publishers, {
      parameters,
      network: segmenter.manifest.input,
      refuse: (cause, message) => {
        this.#complaint = `${topic}: ${message}`;
        complaints.say(`${cause}: ${message}`, this.#complaint);
      },
    });
    node.createSubscription(
      IMAGE_TOPIC.type as TypeName,
      IMAGE_TOPIC.name,
      { qos: qosOf(IMAGE_TOPIC) },
      (message: unknown, info?: { publisherGid: Buffer; publicationSequenceNumber: bigint }) => {
        this.#receive(message, info);
      },
    );
    const diagnostics = node.createPublisher(DIAGNOSTICS_TOPIC.type as TypeName, DIAGNOSTICS_TOPIC.name);
    node.createTimer(1_000_000_000n, () => {
      this.#fence('diagnostics not published', () => {
        const report = diagnose(
          {
            node: node.getFullyQualifiedName().slice(1),
            topic,
            model: segmenter.manifest.name,
            provider: segmenter.choice.provider,
            threads: segmenter.threads,
            camera: this.#camera,
            loss: this.#loss,
            publishers: node.countPublishers(topic),
            complaint: this.#complaint,
          },
          node.getClock().now().toMsg(),
        );
        this.#complaint = undefined;
        diagnostics.publish(report);
      });
    });
    const { manifest, choice, threads } = segmenter;
    log.info(
      `${manifest.name} (${manifest.classes.length} classes, ${manifest.input.width}x${manifest.input.height}) runs on ${choice.provider}` +
        ` with ${threads} thread${threads === 1 ? '' : 's'} (${choice.reason}); waiting for images on ${topic}`,
    );
  }

  /**
   * Creates the node under the name `attendseg` and loads its model. rclnodejs must be initialised. What it opens
   * belongs to the scope, also where the start fails half-way.
   * @throws Error that names the parameter, file, provider or topic that cannot be used.
   */
  static async start(argv: readonly string[], scope: Scope): Promise<SegmentationNode> {
    const node = new rclnodejs.Node('attendseg');
    const overrides = readOverrides(argv, node.name(), node.namespace());
    const parameters = declareParameters(node, overrides, (message) => {
      node.getLogger().warn(message);
    });
    const { model, provider, threads, max_pool_bytes: poolBytes } = parameters();
    const segmenter = scope.own(
      await Segmenter.open({ model: model || shippedModel(), provider, threads, poolBytes }),
      // A run cannot be broken off, and the process waits for its thread in any case.
      (opened) => Promise.race([opened.close(), sleep(CLOSING, undefined, { ref: false })]),
    );
    return new SegmentationNode(node, segmenter, parameters);
  }

  /** Resolves with the cause if the node cannot go on. */
  get failed(): Promise<Error> {
    return this.#segmenter.failed;
  }

  spin(): void {
    this.#node.spin(10);
  }

  /** Takes no more frames and lets those in flight finish if they soon do. What it opened ends with its scope. */
  async stop(): Promise<void> {
    await this.#camera.stop(LAST_FRAME);
    const { received, segmented, drops } = this.#camera;
    const dropped = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
    this.#node
      .getLogger()
      .info(`${received} frames received, ${segmented} segmented; dropped: ${dropped.join(', ')}`);
  }

  #receive(
    message: unknown,
    info: { publisherGid: Buffer; publicationSequenceNumber: bigint } | undefined,
  ): void {
    this.#fence('frame not used', () => {
      if (info !== undefined)
        this.#loss.receive(info.publisherGid.toString('latin1'), info.publicationSequenceNumber);
      this.#camera.receive(parseImage(message));
    });
  }

  /** Runs a callback of ROS's. A throw in one would abort the process. */
  #fence(failure: string, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#node.getLogger().error(`${failure}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function qosOf({ qos }: Topic): InstanceType<typeof rclnodejs.QoS> {
  const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rclnodejs.QoS;
  return new rclnodejs.QoS(
    HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    1,
    qos.reliability === 'reliable'
      ? ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE
      : ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT,
    qos.durability === 'volatile'
      ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE
      : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL,
  );
}
