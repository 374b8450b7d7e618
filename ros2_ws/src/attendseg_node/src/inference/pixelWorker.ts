/** The thread for pixels: camera frames to network input, labels to masks and overlays. */
import { parentPort, workerData } from 'node:worker_threads';
import { place, type Placement } from '../vision/letterbox.js';
import { PixelEngine } from '../vision/pixelEngine.js';
import { BufferPool } from './bufferPool.js';
import { OUTPUTS, type Drawing } from './outputs.js';
import {
  buffersOf,
  CLOSE,
  type FrameMessage,
  type FrameResult,
  type PixelWorkerData,
  type RunMessage,
  type RunResult,
} from './protocol.js';

const { port, width, height, palette, lut } = workerData as PixelWorkerData;
const main = parentPort!;
const engine = await PixelEngine.create();
const pool = new BufferPool();

interface Pending {
  readonly frame: FrameMessage;
  readonly placement: Placement;
  readonly prepare: number;
  readonly brightest: number;
}
const pending = new Map<number, Pending>();

function answer(result: FrameResult): void {
  main.postMessage(result, [result.data, ...result.outputs.map(({ buffer }) => buffer)]);
}

function fail({ ticket, data, outputs }: FrameMessage, error: unknown): void {
  answer({
    type: 'failed',
    ticket,
    data,
    outputs,
    message: error instanceof Error ? error.message : String(error),
  });
}

function prepare(frame: FrameMessage): void {
  const started = performance.now();
  try {
    const placement = place(frame.image.width, frame.image.height, width, height, frame.fit);
    const input = pool.take(width * height * 3);
    const image = { ...frame.image, data: new Uint8Array(frame.data) };
    const brightest = engine.prepare(image, placement, new Uint8Array(input));
    pending.set(frame.ticket, { frame, placement, brightest, prepare: performance.now() - started });
    const message: RunMessage = {
      ticket: frame.ticket,
      input,
      labels: pool.take(width * height),
      confidence: frame.outputs.some(({ kind }) => OUTPUTS[kind].needsConfidence)
        ? pool.take(width * height)
        : undefined,
    };
    port.postMessage(message, buffersOf(message));
  } catch (error) {
    fail(frame, error);
  }
}

function draw({ frame, placement }: Pending, result: RunResult): void {
  const drawing: Drawing = {
    image: { ...frame.image, data: new Uint8Array(frame.data) },
    placement,
    labels: new Uint8Array(result.labels),
    confidence: result.confidence && new Uint8Array(result.confidence),
    palette,
    lut,
    opacity: frame.opacity,
  };
  for (const { kind, width: columns, height: rows, headroom, buffer } of frame.outputs) {
    const row = OUTPUTS[kind];
    row.draw(engine, drawing, columns, rows, new Uint8Array(buffer, headroom, columns * rows * row.channels));
  }
}

function finish(result: RunResult): void {
  const started = performance.now();
  const entry = pending.get(result.ticket)!;
  pending.delete(result.ticket);
  const { frame } = entry;
  try {
    if ('error' in result) throw new Error(result.error);
    draw(entry, result);
    answer({
      type: 'done',
      ticket: frame.ticket,
      data: frame.data,
      outputs: frame.outputs,
      brightest: entry.brightest,
      finite: result.finite,
      times: { prepare: entry.prepare, run: result.run, finish: performance.now() - started },
    });
  } catch (error) {
    fail(frame, error);
  }
  for (const buffer of buffersOf(result)) pool.give(buffer);
}

port.on('message', finish);
main.on('message', (message: FrameMessage | typeof CLOSE) => {
  if (message === CLOSE) {
    port.close();
    main.close();
  } else {
    prepare(message);
  }
});
