import { basename } from 'node:path';
import { errorText } from '../errorText.js';
import type { Backend, BackendHost } from '../inference/backend.js';
import { EngineAwaited } from '../inference/model.js';
import type { Scope } from '../inference/scope.js';
import { shippedModel } from '../inference/shippedModel.js';
import { returningMemory } from './cMemory.js';
import { EngineBuild } from './engineBuild.js';
import { engineBuild } from './engineBuilder.js';
import type { Configured } from './lifecycleConfigured.js';
import type { NetworkLoader } from './lifecycleLoading.js';
import type { Parameters } from './parameterTable.js';
import type { RosNode } from './ros.js';

/** As long as a timer can wait. */
const LONGEST = 2 ** 31 - 1;

/** A configured node, until it is cleaned up. */
export interface Life {
  readonly scope: Scope;
  readonly configured: Configured;
  /** The parameter by which its network was opened. */
  model: string;
  /** The one by which another is being opened; else the same. */
  wanted: string;
}

/** What exchanging networks needs of the node. */
export interface NetworkHost {
  readonly node: Pick<RosNode, 'log' | 'setParameter'>;
  /** As they are now: always the same object. */
  readonly parameters: Parameters;
  readonly loader: NetworkLoader;
  readonly backend: BackendHost;
  readonly ended: AbortSignal;
  readonly life: () => Life | undefined;
  /** Did a lifecycle manager ask for something? */
  readonly isManaged: () => boolean;
  readonly fail: (error: Error) => void;
}

/** Exchanges the network while the node runs: another model, or an engine that was built meanwhile. */
export class NetworkLife {
  /** How often another one was asked for. */
  #swaps = 0;
  /** An engine that is being built. */
  #engine: EngineBuild | undefined;
  /** Why none was built last. */
  #engineFailure: string | undefined;

  constructor(private readonly host: NetworkHost) {}

  /** Resolves when the engine is built, with what went wrong; undefined if none is being built. */
  get building(): Promise<string | undefined> | undefined {
    return this.#engine?.done;
  }

  /** That an engine is being built, or why none is; undefined if all is well. */
  get warning(): string | undefined {
    return this.#engineFailure ?? this.#engine?.state;
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  /**
   * Opens a model that was asked for beside the one that runs, and puts it in its place between two frames. Where that
   * fails the old one stays, and the parameter says so again.
   */
  async follow(): Promise<void> {
    const life = this.host.life();
    const wanted = this.host.parameters.model;
    if (life === undefined || wanted === life.wanted) return;
    life.wanted = wanted;
    // Back to the one that runs.
    if (wanted === life.model) this.#swaps++;
    else await this.#exchange(life, wanted, `opening ${wanted || 'the shipped model'}; the old one runs on`);
  }

  #exchange(life: Life, wanted: string, what: string): Promise<void> {
    return returningMemory(() => this.#replace(life, wanted, what));
  }

  async #replace(life: Life, wanted: string, what: string): Promise<void> {
    const { node, parameters, loader, backend: lost, fail } = this.host;
    const turn = ++this.#swaps;
    node.log.info(what);
    const isWanted = (): boolean => this.host.life() === life && this.#swaps === turn;
    try {
      const { scope, backend } = await loader.load(parameters, lost, LONGEST, 1);
      if (!isWanted()) {
        await scope.close();
        return;
      }
      const old = life.configured.use(backend);
      life.model = wanted;
      life.scope.own(backend, (opened) => opened.close());
      void backend.failed.then(fail);
      node.log.info(life.configured.description);
      this.buildIfWanted(backend);
      await old.close();
      // Else its model would stay in memory for as long as the node is configured.
      life.scope.forget(old);
    } catch (error) {
      if (!isWanted()) return;
      if (error instanceof EngineAwaited) this.buildEngine();
      node.log.error(
        `model ${wanted} is not taken: ${errorText(error)}; ${life.model || 'the shipped one'} runs on`,
      );
      if (wanted !== life.model) node.setParameter({ name: 'model', type: 'string', value: life.model });
    }
  }

  /** The CPU runs it only until its engine is built. */
  buildIfWanted({ model: { choice } }: Backend): void {
    if (choice.build) this.buildEngine();
  }

  /** Builds an engine of the model as it is wanted now, and then uses it. */
  buildEngine(): void {
    if (this.#engine !== undefined) return;
    const { node, parameters, ended } = this.host;
    const engine = new EngineBuild(engineBuild(parameters.model || shippedModel()), node.log, ended);
    this.#engine = engine;
    this.#engineFailure = undefined;
    void engine.done.then(async (failure) => {
      this.#engine = undefined;
      this.#engineFailure = failure;
      if (failure !== undefined || ended.aborted) return;
      const life = this.host.life();
      if (life !== undefined) await this.#exchange(life, life.model, 'opening the engine; the CPU runs on');
      else if (this.host.isManaged()) node.log.info('the engine is there: configure again');
    });
  }

  /** What /diagnostics say of an engine. */
  get engineState(): string {
    if (this.#engine !== undefined) return this.#engine.state;
    if (this.#engineFailure !== undefined) return this.#engineFailure;
    const engine = this.host.life()?.configured.engine;
    return engine === undefined ? 'none: the CPU needs no engine' : basename(engine);
  }
}
