import { errorText } from '../errorText.js';
import type { RosLog } from './ros.js';

/** Builds an engine and tells how far it is. @throws Error naming cause and remedy; the abort's reason */
export type Build = (told: {
  readonly signal: AbortSignal;
  readonly phase: (phase: string) => void;
}) => Promise<void>;

/** Milliseconds between two lines of the log while an engine is built. */
const LOG_PERIOD = 30_000;

/** An engine that is being built while the node goes on. */
export class EngineBuild {
  readonly #started = performance.now();
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #phase = 'starting';
  /** Resolves with the failure, in one line; with undefined if the engine is there. */
  readonly done: Promise<string | undefined>;

  /** `ended` breaks it off, too. */
  constructor(build: Build, log: RosLog, ended: AbortSignal) {
    log.info(
      'building engine: this takes minutes, once for each model and board (attendseg engine build does it ahead)',
    );
    this.#timer = setInterval(() => {
      log.info(this.state);
    }, LOG_PERIOD).unref();
    const signal = AbortSignal.any([this.#abort.signal, ended]);
    const phase = (text: string): void => {
      this.#phase = text;
    };
    this.done = build({ signal, phase })
      .then(
        () => {
          log.info(`the engine is built, after ${this.#seconds} s`);
          return undefined;
        },
        (error: unknown) => {
          const failure = `no engine was built: ${errorText(error)}`;
          if (!signal.aborted) log.error(failure);
          return failure;
        },
      )
      .finally(() => {
        clearInterval(this.#timer);
      });
  }

  /** For people. */
  get state(): string {
    return `building engine for ${this.#seconds} s: ${this.#phase}`;
  }

  /** Breaks it off. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.done;
  }

  get #seconds(): number {
    return Math.round((performance.now() - this.#started) / 1000);
  }
}
