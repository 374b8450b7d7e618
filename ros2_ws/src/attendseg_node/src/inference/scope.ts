import { setTimeout as sleep } from 'node:timers/promises';
import { toError } from '../errorText.js';

type Disposer = () => void | Promise<void>;

/**
 * Owns what has a life, in the order of opening. Closing disposes of everything in reverse, each once and one after
 * the other, and goes on where one throws: a start that fails half-way is undone by the same code as a whole one.
 */
export class Scope {
  readonly #owned: { readonly resource: unknown; readonly dispose: Disposer }[] = [];
  #closed: Promise<Error[]> | undefined;

  /** `ended`: when it aborts, `open` waits no longer. */
  constructor(private readonly ended?: AbortSignal) {}

  /**
   * Takes over `resource`. In a scope that is closed already it is disposed of at once.
   * @returns the resource
   */
  own<T>(resource: T, dispose: (resource: T) => void | Promise<void>): T {
    const disposer = (): void | Promise<void> => dispose(resource);
    if (this.#closed === undefined) this.#owned.push({ resource, dispose: disposer });
    else this.#closed = this.#closed.then(async (errors) => [...errors, ...(await disposeOf([disposer]))]);
    return resource;
  }

  /** Lets go of a resource that has ended before its turn: else it would stay in memory until the scope closes. */
  forget(resource: unknown): void {
    const at = this.#owned.findIndex((owned) => owned.resource === resource);
    if (at >= 0) this.#owned.splice(at, 1);
  }

  /**
   * Takes over a resource that is being opened, and waits for it.
   * @throws what opening throws; the abort's reason, if that comes first: the resource is disposed of when it is there
   */
  open<T>(opening: Promise<T>, dispose: (resource: T) => void | Promise<void>): Promise<T> {
    const { ended } = this;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(ended?.reason as Error);
      };
      if (ended?.aborted) abort();
      ended?.addEventListener('abort', abort);
      opening
        .then((resource) => {
          this.own(resource, dispose);
          resolve(resource);
        }, reject)
        .finally(() => ended?.removeEventListener('abort', abort));
    });
  }

  /**
   * Disposes of everything, and waits for each no longer than until `patience` ms are over: whoever cannot end in time
   * is left behind. Resolves with what was thrown meanwhile; further calls give the same answer.
   */
  close(patience = Infinity): Promise<Error[]> {
    const disposers = this.#owned.splice(0).map(({ dispose }) => dispose);
    this.#closed ??= disposeOf(disposers.reverse(), performance.now() + patience);
    return this.#closed;
  }
}

async function disposeOf(disposers: readonly Disposer[], deadline = Infinity): Promise<Error[]> {
  const errors: Error[] = [];
  for (const dispose of disposers) {
    try {
      const done = dispose();
      if (done !== undefined) await (deadline === Infinity ? done : orAt(deadline, done));
    } catch (error) {
      errors.push(toError(error));
    }
  }
  return errors;
}

async function orAt(deadline: number, done: Promise<void>): Promise<void> {
  const inTime = new AbortController();
  const late = sleep(Math.max(0, deadline - performance.now()), undefined, { signal: inTime.signal });
  try {
    await Promise.race([done, late]);
  } finally {
    inTime.abort();
    late.catch(() => undefined);
  }
}
