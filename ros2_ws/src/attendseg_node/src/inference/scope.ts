type Disposer = () => void | Promise<void>;

/**
 * Owns what has a life, in the order of opening. Closing disposes of everything in reverse, each once and one after
 * the other, and goes on where one throws: a start that fails half-way is undone by the same code as a whole one.
 */
export class Scope {
  readonly #disposers: Disposer[] = [];
  #closed: Promise<Error[]> | undefined;

  /**
   * Takes over `resource`. In a scope that is closed already it is disposed of at once.
   * @returns the resource
   */
  own<T>(resource: T, dispose: (resource: T) => void | Promise<void>): T {
    const disposer = (): void | Promise<void> => dispose(resource);
    if (this.#closed === undefined) this.#disposers.push(disposer);
    else this.#closed = this.#closed.then(async (errors) => [...errors, ...(await disposeOf([disposer]))]);
    return resource;
  }

  /** Disposes of everything. Resolves with what was thrown meanwhile; further calls give the same answer. */
  close(): Promise<Error[]> {
    this.#closed ??= disposeOf(this.#disposers.splice(0).reverse());
    return this.#closed;
  }
}

async function disposeOf(disposers: readonly Disposer[]): Promise<Error[]> {
  const errors: Error[] = [];
  for (const dispose of disposers) {
    try {
      await dispose();
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return errors;
}
