import { Backend } from '../inference/backend.js';
import { type ClassRules, type ClassTable, classTable } from '../inference/classTable.js';
import { loadModel } from '../inference/model.js';
import { sessionThreads } from '../inference/providers.js';
import type { Scope } from '../inference/scope.js';
import { shippedModel } from '../inference/shippedModel.js';
import { CameraLane } from './cameraLane.js';
import { CauseLog } from './causeLog.js';
import { declareParameters, type NodeParameters } from './declareParameters.js';
import type { DiagnosticArray } from './diagnostics.js';
import { LabelInfoPublisher } from './labelInfo.js';
import { readOverrides } from './parameterOverrides.js';
import type { Parameters } from './parameterTable.js';
import { RosNode, type RosPublisher } from './ros.js';
import { Scheduler } from './scheduler.js';
import { Surroundings } from './surroundings.js';
import { DIAGNOSTICS_TOPIC, endpointsOf, LABEL_INFO_TOPIC, type Topic, topicOf } from './topics.js';

/** Milliseconds between two reports. */
const DIAGNOSTICS_PERIOD = 1000;
const SUMMARY_PERIOD = 10_000;
/** Milliseconds after which a publisher that came or went is noticed. */
const FOLLOW_PERIOD = 500;

/** A node that segments the pictures of one or more cameras. */
export class SegmentationNode {
  readonly #node: RosNode;
  readonly #parameters: Parameters;
  readonly #backend: Backend;
  readonly #scheduler: Scheduler;
  readonly #lanes: readonly CameraLane[];
  readonly #labelInfo: LabelInfoPublisher;
  readonly #diagnostics: RosPublisher<DiagnosticArray>;
  readonly #complaints: CauseLog;
  readonly #surroundings: Surroundings;
  #classes: { readonly rules: ClassRules; readonly table: ClassTable };

  private constructor(node: RosNode, backend: Backend, parameters: NodeParameters, scheduler: Scheduler) {
    this.#node = node;
    this.#backend = backend;
    this.#parameters = parameters.values;
    parameters.check = ({ ignore, remap, groups }) => {
      classTable(backend.model.manifest, { ignore, remap, groups });
    };
    this.#scheduler = scheduler;
    this.#complaints = new CauseLog((message) => {
      node.log.error(message);
    });
    const { cameras, ...rules } = parameters.values;
    this.#classes = { rules, table: classTable(backend.model.manifest, rules) };
    const names = cameras.length === 0 ? [''] : cameras;
    this.#labelInfo = new LabelInfoPublisher(
      node,
      names.map((name) => topicOf(name, LABEL_INFO_TOPIC)),
    );
    const host = {
      node,
      backend,
      scheduler,
      complaints: this.#complaints,
      classes: () => this.#currentClasses(),
    };
    this.#lanes = names.map((name) => new CameraLane(host, name, () => parameters.of(name)));
    this.#diagnostics = node.publisher(DIAGNOSTICS_TOPIC);
    const resolve = (topic: Topic): string => node.resolve(topic);
    const endpoints = endpointsOf(cameras, rules.groups.keys(), resolve);
    this.#surroundings = new Surroundings(
      node,
      endpoints.map(({ topic }) => resolve(topic)),
    );
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
    const { model: path, provider, threads: asked, max_pool_bytes, run_timeout } = parameters.values;
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
        ` with ${threads} thread${threads === 1 ? '' : 's'} (${choice.reason}); waiting for images on ${segmentation.#lanes.map(({ topic }) => topic).join(', ')}`,
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
    await Promise.all(this.#lanes.map(({ camera }) => camera.stop(patience)));
    for (const { camera, topic } of this.#lanes) {
      const { received, published, drops } = camera.counts;
      const dropped = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
      const whose = this.#lanes.length === 1 ? '' : `${topic}: `;
      this.#node.log.info(
        `${whose}${received} frames received, ${published} segmented; dropped: ${dropped.join(', ')}`,
      );
    }
  }

  /** The class table by the parameters as they are now. */
  #currentClasses(): ClassTable {
    const { ignore, remap, groups, confidence_threshold } = this.#parameters;
    const { rules } = this.#classes;
    if (ignore !== rules.ignore || remap !== rules.remap || groups !== rules.groups) {
      const changed = { ignore, remap, groups };
      this.#classes = { rules: changed, table: classTable(this.#backend.model.manifest, changed) };
    }
    this.#labelInfo.tell(this.#classes.table.names, confidence_threshold);
    return this.#classes.table;
  }

  /** Speaks to /diagnostics and the log at regular times, by the steady clock: simulated time may stand still. */
  #report(scope: Scope): void {
    const every = (period: number, what: string, call: () => void): void => {
      const timer = setInterval(() => {
        this.#node.guard(what, call);
      }, period);
      scope.own(timer, clearInterval);
    };
    // Before the first mask, and again where a parameter changes while no frame comes.
    this.#currentClasses();
    every(DIAGNOSTICS_PERIOD, 'diagnostics not published', () => {
      this.#currentClasses();
      const { stale_after } = this.#parameters;
      const warning = this.#surroundings.look(this.#scheduler.now(), 1000 * stale_after);
      const status = this.#lanes.map((lane) => lane.report(warning));
      this.#diagnostics.publish({ header: { stamp: this.#node.now(), frame_id: '' }, status });
    });
    every(FOLLOW_PERIOD, 'topic not taken', () => {
      for (const lane of this.#lanes) lane.follow();
    });
    every(SUMMARY_PERIOD, 'no summary', () => {
      this.#complaints.sumUp();
    });
  }
}
