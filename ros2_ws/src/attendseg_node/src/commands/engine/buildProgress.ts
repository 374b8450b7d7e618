import type { Phase } from '../../inference/engine/trtexecLog.js';

/** Milliseconds between two lines where there is no terminal. */
const QUIET = 30_000;

/** Tells how a build goes, on stderr: one line that changes on a terminal, else a line for each phase. */
export class BuildProgress {
  #phase: Phase | undefined;
  #told = 0;

  update(phase: Phase, seconds: number): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${clock(seconds)}  ${phase}`);
      return;
    }
    if (phase === this.#phase && Date.now() - this.#told < QUIET) return;
    this.#phase = phase;
    this.#told = Date.now();
    console.error(`${clock(seconds)}  ${phase}`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
