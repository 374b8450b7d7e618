import { spawn, type ChildProcess } from 'node:child_process';

/** How long a child may take to end by itself. */
const PATIENCE_MS = 1000;

/** Programs that this one runs: Node scripts, none of which outlives it. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  #ending = false;

  /** Starts a script; its stderr is ours. @throws Error if the children are ended already */
  start(args: readonly string[], stdin: 'ignore' | 'pipe', stdout: 'inherit' | 'pipe'): ChildProcess {
    if (this.#ending) throw new Error('interrupted');
    const child = spawn(process.execPath, args, { stdio: [stdin, stdout, 'inherit'] });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Asks all of them to end, and kills those that do not. Resolves when none is left. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#running].map(end));
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await ended;
  clearTimeout(force);
}
