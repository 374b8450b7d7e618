import { toError } from '../errorText.js';
import type { BackendHost } from '../inference/backend.js';
import { classTable } from '../inference/classTable.js';
import { type Life, NetworkLife } from './networkLife.js';
import { EngineAwaited, loadModel } from '../inference/model.js';
import { Scope } from '../inference/scope.js';
import { shippedModel } from '../inference/shippedModel.js';
import { Bond } from './bond.js';
import { returningMemory } from './cMemory.js';
import { CauseLog } from './causeLog.js';
import { freeDeadMemory } from './deadMemory.js';
import { freeDeadMutexes } from './deadMutexes.js';
import { avoidingDeadPorts } from './deadPorts.js';
import { declareParameters, type NodeParameters } from './declareParameters.js';
import { type DiagnosticStatus, diagnosticArrayCdr } from '../recording/infoMessages.js';
import { type Action, type Asked, Lifecycle } from './lifecycle.js';
import { Configured } from './lifecycleConfigured.js';
import { NetworkLoader, wishesOf } from './lifecycleLoading.js';
import { offerLifecycle, transitionEvents } from './lifecycleServices.js';
import { statusesOf } from './nodeStatuses.js';
import { OwnPorts } from './ownPorts.js';
import { readOverrides } from './parameterOverrides.js';
import type { Parameters } from './parameterTable.js';
import { RosNode, type RosPublisher } from './ros.js';
import { Surroundings } from './surroundings.js';
import { DIAGNOSTICS_TOPIC, endpointsOf, type Topic } from './topics.js';

/** Milliseconds between two reports. */
const DIAGNOSTICS_PERIOD = 1000;
const SUMMARY_PERIOD = 10_000;
/** Milliseconds for opening the network when asked to configure: lifecycle managers wait 5 s for the answer. */
const OPENING = 4500;
/** That frames under way get when the node is deactivated. */
const LAST_FRAME = 800;
/** That closing the network gets: a run that does not come back is left behind. */
const CLOSING = 3000;
/** Milliseconds after which the node looks whether it is reached: until it sees that it is not, all pictures are lost. */
const PORTS_PERIOD = 200;
/** As long as a timer can wait. */
const LONGEST = 2 ** 31 - 1;
/** Milliseconds after which a publisher that came or went is noticed. */
const FOLLOW_PERIOD = 500;

/** A managed node that segments the pictures of one or more cameras while it is active. */
export class SegmentationNode {
  readonly #node: RosNode;
  readonly #parameters: NodeParameters;
  readonly #ended: AbortSignal;
  readonly #cameras: readonly string[];
  readonly #lifecycle: Lifecycle;
  readonly #loader: NetworkLoader;
  readonly #bond: Bond;
  readonly #network: NetworkLife;
  readonly #complaints: CauseLog;
  readonly #surroundings: Surroundings;
  readonly #diagnostics: RosPublisher<Buffer>;
  /** From configuring to cleaning up. */
  #life: Life | undefined;
  #enabled = true;
  /** Did a lifecycle manager ask for something? */
  #isManaged = false;
  /** Milliseconds that opening the network may take. */
  #patience = LONGEST;
  /** Why the last action failed. */
  #failure: Error | undefined;
  /** Resolves with the cause if the node cannot go on. */
  readonly failed: Promise<Error>;
  #fail!: (error: Error) => void;

  private constructor(node: RosNode, parameters: NodeParameters, scope: Scope, ended: AbortSignal) {
    this.#node = node;
    this.#parameters = parameters;
    this.#ended = ended;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    const { cameras, bond_heartbeat_period } = parameters.values;
    this.#cameras = cameras.length === 0 ? [''] : cameras;
    this.#loader = scope.own(new NetworkLoader(node.log, ended), (loader) => loader.close());
    // Closes what is configured when the node ends.
    scope.own(this, async () => {
      await this.#network.close();
      await this.#life?.scope.close();
    });
    this.#complaints = new CauseLog((message) => {
      node.log.error(message);
    });
    const resolve = (topic: Topic): string => node.resolve(topic);
    const endpoints = endpointsOf(this.#cameras, parameters.values.groups.keys(), resolve);
    this.#surroundings = new Surroundings(
      node,
      endpoints.map(({ topic }) => resolve(topic)),
    );
    this.#diagnostics = node.publisher(DIAGNOSTICS_TOPIC);
    this.#bond = new Bond(node, bond_heartbeat_period);
    this.#network = new NetworkLife({
      node,
      parameters: parameters.values,
      loader: this.#loader,
      backend: this.#backendHost,
      ended,
      life: () => this.#life,
      isManaged: () => this.#isManaged,
      fail: this.#fail,
    });
    const work = {
      perform: (action: Action) => this.#perform(action),
      recover: async (error: unknown) => {
        this.#failure = toError(error);
        await this.#cleanUp();
      },
    };
    this.#lifecycle = new Lifecycle(work, transitionEvents(node));
    offerLifecycle(node, this.#lifecycle, (asked) => this.#change(asked));
    node.service('~/set_enabled', 'std_srvs/srv/SetBool', (request) => this.#setEnabled(request));
    this.#report(scope);
  }

  /**
   * Creates the node under the name `attendseg`; with `autostart` it is active when this resolves. ROS must be started.
   * What it opens belongs to the scope, also where the start fails half-way. `ended` breaks off what takes long.
   * @throws Error that names the parameter, file, provider or topic that cannot be used.
   */
  static async start(argv: readonly string[], scope: Scope, ended: AbortSignal): Promise<SegmentationNode> {
    // Before there is a participant: it may need the room, and would wait for the mutexes.
    freeDeadMemory();
    freeDeadMutexes();
    const node = avoidingDeadPorts(() => RosNode.create('attendseg', scope));
    const parameters = declareParameters(node, readOverrides(argv, node.name, node.namespace));
    const segmentation = new SegmentationNode(node, parameters, scope, ended);
    node.spin();
    if (parameters.values.autostart) {
      for (const label of ['configure', 'activate']) await segmentation.#startWith(label);
    } else {
      node.log.info('unconfigured: waiting for a lifecycle manager (autostart is false)');
    }
    segmentation.#patience = OPENING;
    return segmentation;
  }

  /** Takes no more frames and lets those in flight finish if they do within `patience` ms. */
  async stop(patience: number): Promise<void> {
    await this.#life?.configured.deactivate(patience);
  }

  async #startWith(label: string): Promise<void> {
    for (;;) {
      if ((await this.#lifecycle.change({ id: 0, label })) === 'success') return;
      // It cannot run before its engine is there; then it is tried once more.
      const building = this.#network.building;
      if (!(this.#failure instanceof EngineAwaited) || building === undefined) break;
      const failure = await building;
      if (this.#ended.aborted) throw this.#ended.reason as Error;
      if (failure !== undefined) throw new Error(failure);
    }
    throw this.#failure ?? new Error(`it cannot be started: ${label} failed`);
  }

  /** What a manager asks for. */
  async #change(asked: Asked): Promise<boolean> {
    if (this.#ended.aborted) return false;
    this.#isManaged = true;
    const { state } = this.#lifecycle;
    const outcome = await this.#lifecycle.change(asked);
    // While the node ends, nobody minds what fails.
    if (outcome === 'success' || isAborted(this.#ended)) return outcome === 'success';
    const what = asked.label === '' ? `transition ${asked.id}` : asked.label;
    const why =
      outcome === 'refused'
        ? `it is ${state}, which does not allow that`
        : (this.#failure?.message ?? outcome);
    this.#node.log.error(`${what} failed: ${why}`);
    return false;
  }

  async #perform(action: Action): Promise<'success' | 'failure'> {
    this.#failure = undefined;
    switch (action) {
      case 'configure':
        return this.#orFailure(() => this.#configure());
      case 'activate':
        return this.#orFailure(() => this.#activate());
      case 'deactivate':
        await this.#life?.configured.deactivate(LAST_FRAME);
        return 'success';
      case 'cleanup':
      case 'shutdown':
        await this.#cleanUp();
        return 'success';
    }
  }

  async #orFailure(act: () => Promise<void>): Promise<'success' | 'failure'> {
    try {
      await act();
      return 'success';
    } catch (error) {
      this.#failure = toError(error);
      return 'failure';
    }
  }

  async #configure(): Promise<void> {
    const parameters = this.#parameters;
    const { log } = this.#node;
    // What was read for this network is not to change while it is opened.
    parameters.unconfigured = false;
    try {
      const { model } = parameters.values;
      const { scope, backend } = await this.#loader.load(
        parameters.values,
        this.#backendHost,
        this.#patience,
      );
      try {
        const configured = new Configured(
          {
            node: this.#node,
            backend,
            parameters: parameters.values,
            of: (camera) => parameters.of(camera),
            cameras: this.#cameras,
            complaints: this.#complaints,
            enabled: () => this.#enabled,
          },
          scope,
        );
        this.#life = { scope, configured, model, wanted: model };
      } catch (error) {
        await scope.close(CLOSING);
        throw error;
      }
      parameters.check = (next) => {
        this.#check(next);
      };
      parameters.changed = () => {
        void this.#network.follow();
      };
      void backend.failed.then(this.#fail);
      log.info(this.#life.configured.description);
      this.#network.buildIfWanted(backend);
    } catch (error) {
      if (error instanceof EngineAwaited) this.#network.buildEngine();
      parameters.unconfigured = true;
      throw error;
    }
  }

  get #backendHost(): BackendHost {
    const { log } = this.#node;
    return {
      lost: (message) => {
        log.error(message);
      },
      back: () => {
        log.info('the network runs again');
        this.#life?.configured.wake();
      },
    };
  }

  /** @throws Error that says why the parameters cannot be so, as far as that shows at once */
  #check(next: Parameters): void {
    const life = this.#life;
    if (life === undefined) return;
    const { manifest } =
      next.model === this.#parameters.values.model
        ? life.configured
        : loadModel(next.model || shippedModel(), wishesOf(next));
    classTable(manifest, next);
  }

  async #activate(): Promise<void> {
    const { configured } = this.#life!;
    const scope = new Scope();
    try {
      const topics = configured.activate(scope);
      // Who started by itself has no manager that waits for a heartbeat.
      if (this.#isManaged) this.#bond.hold(scope);
      this.#node.log.info(`waiting for images on ${topics.join(', ')}`);
    } catch (error) {
      await configured.deactivate(0);
      throw error;
    }
  }

  async #cleanUp(): Promise<void> {
    const life = this.#life;
    await life?.configured.deactivate(LAST_FRAME);
    this.#life = undefined;
    await returningMemory(async () => {
      await life?.scope.close(CLOSING);
      await this.#loader.close();
    });
    this.#parameters.check = this.#parameters.changed = undefined;
    this.#parameters.unconfigured = true;
  }

  #setEnabled(request: unknown): { readonly success: boolean; readonly message: string } {
    this.#enabled = (request as { readonly data: boolean }).data;
    const message = this.#enabled ? 'enabled' : 'disabled: frames are dropped';
    this.#node.log.info(message);
    return { success: true, message };
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
      const header = { stamp: this.#node.now(), frame_id: '' };
      // Half a hundred values as rclnodejs's objects take ten times as long.
      this.#diagnostics.publish(Buffer.from(diagnosticArrayCdr({ header, status: this.#statuses() })));
    });
    const ports = OwnPorts.find();
    every(PORTS_PERIOD, 'ports not looked at', () => {
      const lost = ports.lost();
      if (lost === undefined) return;
      const why =
        'another process has replaced this port, as Fast DDS does after a crash, or with who stood still';
      this.#fail(
        new Error(`${lost}: ${why}: nobody here reaches the node any more; start it again, as launch does`),
      );
    });
    every(FOLLOW_PERIOD, 'topic not taken', () => {
      this.#life?.configured.follow();
    });
    every(SUMMARY_PERIOD, 'no summary', () => {
      this.#complaints.sumUp();
    });
  }

  #statuses(): DiagnosticStatus[] {
    const { stale_after } = this.#parameters.values;
    const around = this.#surroundings.look(performance.now(), 1000 * stale_after);
    return statusesOf(this.#node, this.#cameras, this.#life?.configured, {
      state: this.#lifecycle.state,
      isEnabled: this.#enabled,
      failure: this.#failure,
      warnings: [around, this.#network.warning],
      engine: this.#network.engineState,
    });
  }
}

/** Asked anew each time: TypeScript takes it for settled after the first look. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
