import { Backend } from '../inference/backend.js';
import { loadModel } from '../inference/model.js';
import type { OutputKind } from '../inference/outputs.js';
import { sessionThreads } from '../inference/providers.js';
import type { Scope } from '../inference/scope.js';
import { shippedModel } from '../inference/shippedModel.js';
import { Camera } from './camera.js';
import { CauseLog } from './causeLog.js';
import { declareParameters } from './declareParameters.js';
import { diagnose, type DiagnosticArray } from './diagnostics.js';
import { healthOf } from './health.js';
import { ImagePublisher } from './imagePublisher.js';
import { readOverrides } from './parameterOverrides.js';
import type { Parameters } from './parameterTable.js';
import { RosNode, type RosPublisher } from './ros.js';
import { Scheduler } from './scheduler.js';
import { Surroundings } from './surroundings.js';
import { TopicSource } from './topicSource.js';
import { DIAGNOSTICS_TOPIC, IMAGE_TOPIC, OUTPUT_TOPICS } from './topics.js';

/** Milliseconds between two reports. */
const DIAGNOSTICS_PERIOD = 1000;
const SUMMARY_PERIOD = 10_000;

/** A node that segments one camera's pictures. */
export class SegmentationNode {
  readonly #node: RosNode;
  readonly #parameters: () => Parameters;
  readonly #backend: Backend;
  readonly #scheduler: Scheduler;
  readonly #camera: Camera;
  readonly #source: TopicSource;
  readonly #diagnostics: RosPublisher<DiagnosticArray>;
  readonly #complaints: CauseLog;
  readonly #surroundings: Surroundings;
  readonly #startedAt: number;
  /** What was wrong with a frame since the last report. */
  #complaint: string | undefined;

  private constructor(node: RosNode, backend: Backend, parameters: () => Parameters, scheduler: Scheduler) {
    this.#node = node;
    this.#backend = backend;
    this.#parameters = parameters;
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.now();
    this.#complaints = new CauseLog((message) => {
      node.log.error(message);
    });
    const publishers = Object.entries(OUTPUT_TOPICS).map(
      ([kind, topic]) => new ImagePublisher(kind as OutputKind, node.publisher<Buffer>(topic)),
    );
    this.#camera = new Camera(scheduler, publishers, {
      parameters,
      network: backend.model.manifest.input,
      warn: (message) => {
        node.log.warn(`${this.#source.name}: ${message}`);
      },
      refuse: (cause, message) => {
        this.#complaint = `${this.#source.name}: ${message}`;
        this.#complaints.say(`${cause}: ${message}`, this.#complaint);
      },
    });
    this.#source = new TopicSource(node, IMAGE_TOPIC, (picture) => {
      this.#camera.receive(picture);
    });
    this.#diagnostics = node.publisher(DIAGNOSTICS_TOPIC);
    this.#surroundings = new Surroundings(node);
  }

  /**
   * Creates the node under the name `attendseg`, loads its model and takes frames. ROS must be started. What it opens
   * belongs to the scope, also where the start fails half-way.
   * @throws Error that names the parameter, file, provider or topic that cannot be used.
   */
  static async start(argv: readonly string[], scope: Scope): Promise<SegmentationNode> {
    const node = new RosNode('attendseg');
    const { log } = node;
    const parameters = declareParameters(node, readOverrides(argv, node.name, node.namespace));
    const { model: path, provider, threads: asked, max_pool_bytes, run_timeout } = parameters();
    const model = loadModel(path || shippedModel(), provider);
    const threads = sessionThreads(asked);
    const opening = Backend.open(
      model,
      { threads, poolBytes: max_pool_bytes, runTimeout: run_timeout * 1000 },
      {
        lost: (message) => {
          log.error(message);
        },
        back: () => {
          log.info('the network runs again');
          scheduler.wake();
        },
      },
    );
    const backend = await scope.open(opening, (opened) => opened.close());
    const scheduler = new Scheduler(backend);
    const segmentation = new SegmentationNode(node, backend, parameters, scheduler);
    segmentation.#report(scope);
    const { manifest, choice } = model;
    log.info(
      `${manifest.name} (${manifest.classes.length} classes, ${manifest.input.width}x${manifest.input.height}) runs on ${choice.provider}` +
        ` with ${threads} thread${threads === 1 ? '' : 's'} (${choice.reason}); waiting for images on ${segmentation.#source.name}`,
    );
    node.spin();
    return segmentation;
  }

  /** Resolves with the cause if the node cannot go on. */
  get failed(): Promise<Error> {
    return this.#backend.failed;
  }

  /**
   * Takes no more frames and lets those in flight finish if they do within `patience` ms. What it opened ends with its
   * scope.
   */
  async stop(patience: number): Promise<void> {
    await this.#camera.stop(patience);
    const { received, published, drops } = this.#camera.counts;
    const dropped = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
    this.#node.log.info(
      `${received} frames received, ${published} segmented; dropped: ${dropped.join(', ')}`,
    );
  }

  /** Speaks to /diagnostics and the log at regular times, by the steady clock: simulated time may stand still. */
  #report(scope: Scope): void {
    const every = (period: number, what: string, call: () => void): void => {
      const timer = setInterval(() => {
        this.#node.guard(what, call);
      }, period);
      scope.own(timer, clearInterval);
    };
    every(DIAGNOSTICS_PERIOD, 'diagnostics not published', () => {
      this.#diagnostics.publish(this.#diagnose());
    });
    every(SUMMARY_PERIOD, 'no summary', () => {
      this.#complaints.sumUp();
    });
  }

  #diagnose(): DiagnosticArray {
    const camera = this.#camera;
    const source = this.#source;
    const { model, trouble } = this.#backend;
    const { stale_after, threads } = this.#parameters();
    const now = this.#scheduler.now();
    const health = healthOf({
      now,
      startedAt: this.#startedAt,
      lastArrival: camera.lastArrival,
      staleAfter: 1000 * stale_after,
      source: source.name,
      obstacle: source.obstacle,
      standby: camera.standby,
      trouble: trouble ?? this.#complaint,
      warning: this.#surroundings.look(now, 1000 * stale_after),
    });
    this.#complaint = undefined;
    const node = this.#node.fullName.slice(1);
    return diagnose(
      { node, model, threads: sessionThreads(threads), camera, source, health },
      this.#node.now(),
    );
  }
}
