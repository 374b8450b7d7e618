import type { Backend } from '../inference/backend.js';
import { type ClassRules, type ClassTable, classTable } from '../inference/classTable.js';
import type { Manifest } from '../inference/manifest.js';
import { sessionThreads } from '../inference/providers.js';
import { Scope } from '../inference/scope.js';
import { CameraLane } from './cameraLane.js';
import type { CauseLog } from './causeLog.js';
import type { DiagnosticStatus } from '../recording/infoMessages.js';
import { LabelInfoPublisher } from './labelInfo.js';
import type { Parameters } from './parameterTable.js';
import type { RosNode } from './ros.js';
import { Scheduler } from './scheduler.js';
import { endpointsOf, LABEL_INFO_TOPIC, topicOf } from './topics.js';

/** What a configured node has of the node around it. */
export interface ConfiguredHost {
  readonly node: RosNode;
  readonly backend: Backend;
  /** As they are now: always the same object. */
  readonly parameters: Parameters;
  /** As a camera has them. */
  readonly of: (camera: string) => Parameters;
  /** Names of the cameras; one that is empty stands for the only one. */
  readonly cameras: readonly string[];
  readonly complaints: CauseLog;
  readonly enabled: () => boolean;
}

/** What exists from configuring to cleaning up: the network and the publishers. While active it has cameras, too. */
export class Configured {
  readonly #host: ConfiguredHost;
  readonly #node: RosNode;
  readonly #scheduler: Scheduler;
  readonly #labelInfo: LabelInfoPublisher;
  #backend: Backend;
  #classes: { readonly rules: ClassRules; readonly table: ClassTable };
  #active: { readonly scope: Scope; readonly lanes: CameraLane[] } | undefined;

  /**
   * `scope`: what it opens ends with it.
   * @throws Error that names the parameter or the topic that cannot be used
   */
  constructor(host: ConfiguredHost, scope: Scope) {
    const { backend, parameters, cameras } = host;
    this.#host = host;
    this.#backend = backend;
    this.#node = host.node.within(scope);
    this.#scheduler = new Scheduler(backend);
    const { ignore, remap, groups } = parameters;
    const rules = { ignore, remap, groups };
    this.#classes = { rules, table: classTable(backend.model.manifest, rules) };
    for (const { topic, direction } of endpointsOf(cameras, groups.keys(), (topic) =>
      this.#node.resolve(topic),
    ))
      if (direction === 'publisher') this.#node.publisher(topic);
    this.#labelInfo = new LabelInfoPublisher(
      this.#node,
      cameras.map((name) => topicOf(name, LABEL_INFO_TOPIC)),
    );
  }

  /** The network is there again. */
  wake(): void {
    this.#scheduler.wake();
  }

  /** Of TensorRT, that runs: path of the file that wraps it. */
  get engine(): string | undefined {
    return this.#backend.model.choice.engine;
  }

  /** One line for people. */
  get description(): string {
    const { parameters } = this.#host;
    const { manifest, choice } = this.#backend.model;
    const threads = sessionThreads(parameters.threads);
    const how = choice.provider === 'cpu' ? ` with ${threads} thread${threads === 1 ? '' : 's'}` : '';
    return `${manifest.name} (${manifest.classes.length} classes, ${manifest.input.width}x${manifest.input.height}) runs on ${choice.provider}${how} (${choice.reason})`;
  }

  /**
   * Subscribes to the cameras. `scope`: ends with the activity.
   * @returns their topics
   * @throws Error that names the topic that cannot be used
   */
  activate(scope: Scope): readonly string[] {
    const { complaints, enabled, cameras, of } = this.#host;
    const lanes: CameraLane[] = [];
    this.#active = { scope, lanes };
    this.currentClasses();
    const host = {
      node: this.#node.within(scope),
      backend: () => this.#backend,
      scheduler: this.#scheduler,
      complaints,
      enabled,
      classes: () => this.currentClasses(),
    };
    for (const name of cameras) lanes.push(new CameraLane(host, name, () => of(name)));
    return lanes.map(({ topic }) => topic);
  }

  /** Takes no more frames, lets those under way finish for `patience` ms at most, and says what became of all. */
  async deactivate(patience: number): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    await active.scope.close();
    const { lanes } = active;
    await Promise.all(lanes.map(({ camera }) => camera.stop(patience)));
    for (const { camera, topic } of lanes) {
      const { received, published, drops } = camera.counts;
      const dropped = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
      const whose = lanes.length === 1 ? '' : `${topic}: `;
      this.#node.log.info(
        `${whose}${received} frames received, ${published} segmented; dropped: ${dropped.join(', ')}`,
      );
    }
  }

  /** Takes pictures from where they are published now; to be called again and again. */
  follow(): void {
    for (const lane of this.#active?.lanes ?? []) lane.follow();
  }

  /** How the cameras fare since the last call. `warning`: what is wrong around the node. */
  report(warning: string | undefined, engine: string): DiagnosticStatus[] {
    this.currentClasses();
    return this.#active?.lanes.map((lane) => lane.report(warning, engine)) ?? [];
  }

  /** The manifest of the model that runs. */
  get manifest(): Manifest {
    return this.#backend.model.manifest;
  }

  /**
   * Puts another network in the place of the one that runs: the next frame is its first, and those under way come back
   * from the old one.
   * @returns the old one, which is the caller's to close
   */
  use(backend: Backend): Backend {
    const old = this.#backend;
    this.#backend = backend;
    const { rules } = this.#classes;
    this.#classes = { rules, table: classTable(backend.model.manifest, rules) };
    this.currentClasses();
    this.#scheduler.use(backend);
    return old;
  }

  /** The class table by the parameters as they are now; told when it changes, also where no frame comes. */
  currentClasses(): ClassTable {
    const { ignore, remap, groups, confidence_threshold } = this.#host.parameters;
    const { rules } = this.#classes;
    if (ignore !== rules.ignore || remap !== rules.remap || groups !== rules.groups) {
      const changed = { ignore, remap, groups };
      this.#classes = { rules: changed, table: classTable(this.manifest, changed) };
    }
    this.#labelInfo.tell(this.#classes.table.names, confidence_threshold);
    return this.#classes.table;
  }
}
