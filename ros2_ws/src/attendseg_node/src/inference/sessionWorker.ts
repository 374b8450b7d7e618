/** The thread that owns the session. It takes pictures from the pixel worker and gives it labels. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../errorText.js';
import { Network } from './network.js';
import { probe } from './probe.js';
import { sessionThreads } from './providers.js';
import {
  buffersOf,
  CLOSE,
  type RunMessage,
  type RunResult,
  type SessionReport,
  type SessionWorkerData,
} from './protocol.js';

const { port, manifest, model, file, provider, threads, engine, reference } = workerData as SessionWorkerData;
const main = parentPort!;

function report(message: SessionReport): void {
  main.postMessage(message);
}

function answer(result: RunResult): void {
  port.postMessage(result, buffersOf(result));
}

async function run(network: Network, message: RunMessage): Promise<void> {
  const started = performance.now();
  try {
    const { input, labels, confidence } = message;
    const finite = await network.run(
      new Uint8Array(input),
      new Uint8Array(labels),
      confidence === undefined ? undefined : new Uint8Array(confidence),
    );
    answer({ ...message, finite, run: performance.now() - started });
  } catch (error) {
    answer({ ...message, error: errorText(error) });
  }
}

/** Holds an engine against the CPU, which is known to be right. @throws ModelError if they do not agree */
async function check(network: Network, cpu: Uint8Array): Promise<void> {
  const options = { provider: 'cpu', threads: sessionThreads(0), file: 'cpu' } as const;
  const right = await Network.open(manifest, cpu, options);
  try {
    await probe(manifest, network, right);
  } catch (error) {
    await network.close();
    throw error;
  } finally {
    await right.close();
  }
}

async function serve(): Promise<void> {
  const started = performance.now();
  const network = await Network.open(manifest, model, { provider, threads, file, engine });
  if (reference !== undefined) await check(network, reference);
  // One frame at a time: the next message waits in `turn` while the session runs.
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (message: RunMessage) => {
    turn = turn.then(() => run(network, message));
  });
  main.on('message', (message) => {
    if (message !== CLOSE) return;
    turn = turn.then(async () => {
      await network.close();
      port.close();
      main.close();
    });
  });
  report({ type: 'ready', warmUp: performance.now() - started });
}

serve().catch((error: unknown) => {
  report({ type: 'error', message: errorText(error) });
  port.close();
  main.close();
});
