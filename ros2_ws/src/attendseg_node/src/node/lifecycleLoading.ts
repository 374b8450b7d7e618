import { setTimeout as sleep } from 'node:timers/promises';
import { Backend, type BackendHost } from '../inference/backend.js';
import { loadModel } from '../inference/model.js';
import { sessionThreads, type Wishes } from '../inference/providers.js';
import { Scope } from '../inference/scope.js';
import { shippedModel } from '../inference/shippedModel.js';
import type { Parameters } from './parameterTable.js';
import type { RosLog } from './ros.js';

/** A network that is being opened, or is open: it ends with its scope. */
interface Loading {
  /** What it was asked for with. */
  readonly key: string;
  readonly scope: Scope;
  readonly backend: Promise<Backend>;
}

/** So many networks may be left behind, each with a run that does not come back: it cannot be broken off. */
const LEFT_BEHIND = 1;
/** Milliseconds that those which end get to do so, and between two looks. */
const ENDING = 2000;
const POLL = 20;

/** What is to run the network. */
export function wishesOf({ provider, engine, serve_while_building }: Parameters): Wishes {
  return { provider, engine, serveWhileBuilding: serve_while_building };
}

/** The network is not there in time. */
class NotYet extends Error {}

/**
 * Opens networks, one at a time. Opening may take longer than a caller can wait: then it goes on, and the next call that
 * asks for the same network has it at once.
 */
export class NetworkLoader {
  #loading: Loading | undefined;
  /** Networks that are open, being opened or being closed. */
  #alive = 0;
  /** How often a network was asked for that was not being opened. */
  #asked = 0;

  /** `ended`: when it aborts, nobody waits any longer. */
  constructor(
    private readonly log: RosLog,
    private readonly ended: AbortSignal,
  ) {}

  /**
   * @param patience milliseconds
   * @param inUse networks of this loader that are rightly open
   * @returns the network, which is the caller's from now on
   * @throws Error that names what cannot be used, or says that it is not there yet; the abort's reason
   */
  async load(
    parameters: Parameters,
    host: BackendHost,
    patience: number,
    inUse = 0,
  ): Promise<{ readonly scope: Scope; readonly backend: Backend }> {
    const { model, threads, max_pool_bytes, run_timeout } = parameters;
    const key = JSON.stringify([model, wishesOf(parameters), threads, max_pool_bytes, run_timeout]);
    if (this.#loading?.key !== key) {
      void this.close();
      const turn = ++this.#asked;
      for (let wait = 0; wait < ENDING && this.#alive - inUse > LEFT_BEHIND; wait += POLL) await sleep(POLL);
      if (turn !== this.#asked) throw new Error('another network was asked for');
      if (this.#alive - inUse > LEFT_BEHIND)
        throw new Error(
          `${this.#alive - inUse} networks that were given up still run (their runs do not come back): start the node again`,
        );
      this.#loading = this.#open(key, parameters, host);
    }
    const loading = this.#loading;
    const inTime = new AbortController();
    const late = sleep(patience, undefined, { signal: inTime.signal }).catch(() => undefined);
    try {
      const backend = await Promise.race([loading.backend, late]);
      if (backend === undefined) {
        this.#tellWhenOpen(loading);
        throw new NotYet(
          `the network is not open after ${patience / 1000} s; it goes on being opened: configure again later`,
        );
      }
      this.#forget(loading);
      return { scope: loading.scope, backend };
    } catch (error) {
      if (!(error instanceof NotYet)) {
        this.#forget(loading);
        void loading.scope.close();
      }
      throw error;
    } finally {
      inTime.abort();
    }
  }

  /** Another may have been asked for meanwhile, which is not to be touched. */
  #forget(loading: Loading): void {
    if (this.#loading === loading) this.#loading = undefined;
  }

  /** Lets go of what nobody has fetched. */
  async close(): Promise<void> {
    const loading = this.#loading;
    this.#loading = undefined;
    await loading?.scope.close();
  }

  #open(key: string, parameters: Parameters, host: BackendHost): Loading {
    const scope = new Scope(this.ended);
    const open = async (): Promise<Backend> => {
      const { model, threads, max_pool_bytes, run_timeout } = parameters;
      return Backend.open(
        loadModel(model || shippedModel(), wishesOf(parameters)),
        { threads: sessionThreads(threads), poolBytes: max_pool_bytes, runTimeout: run_timeout * 1000 },
        host,
      );
    };
    this.#alive++;
    const gone = (): void => {
      this.#alive--;
    };
    const opening = open();
    opening.then(({ ended }) => ended.then(gone), gone);
    const backend = scope.open(opening, (opened) => opened.close());
    return { key, scope, backend };
  }

  #tellWhenOpen(loading: Loading): void {
    loading.backend.then(
      () => {
        if (this.#loading === loading) this.log.info('the network is open: configure again');
      },
      (error: unknown) => {
        if (this.#loading !== loading) return;
        this.#loading = undefined;
        if (!this.ended.aborted) this.log.error(`the network cannot be opened: ${(error as Error).message}`);
      },
    );
  }
}
