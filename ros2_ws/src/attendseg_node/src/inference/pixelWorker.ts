/** The thread for pixels: camera frames to network input, labels to masks and overlays. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../errorText.js';
import { decodeCompressed, encodeGrayPng } from '../vision/compressedImage.js';
import { ImageError } from '../vision/imageError.js';
import { place, type Placement } from '../vision/letterbox.js';
import { PixelEngine } from '../vision/pixelEngine.js';
import type { RawImage } from '../vision/rawImage.js';
import { BufferPool } from './bufferPool.js';
import type { ClassTable } from './classTable.js';
import { Legends } from './legends.js';
import { OUTPUTS, type Drawing, type Output } from './outputs.js';
import {
  type ClassesMessage,
  type FrameLook,
  buffersOf,
  CLOSE,
  type FrameMessage,
  type FrameResult,
  type PixelWorkerData,
  type RunMessage,
  type RunResult,
} from './protocol.js';
import { applyThreshold, Steadier } from './steadying.js';

const { port, width, height, ...start } = workerData as PixelWorkerData;
const main = parentPort!;
const engine = await PixelEngine.create();
const pool = new BufferPool();
const legends = new Legends();
const steadiers = new Map<string, Steadier>();
let classes = start.classes;

interface Pending {
  readonly frame: FrameMessage;
  /** Decoded, if it came as a file. */
  readonly image: RawImage;
  readonly placement: Placement;
  readonly prepare: number;
  readonly brightest: number;
  readonly classes: ClassTable;
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
    reason: error instanceof ImageError ? error.reason : undefined,
    message: errorText(error),
  });
}

async function prepare(frame: FrameMessage): Promise<void> {
  const started = performance.now();
  // What holds for this frame, though another message may come while it is decoded.
  const frameClasses = classes;
  try {
    const data = new Uint8Array(frame.data, 0, frame.bytes);
    const { image: header, look } = frame;
    const image: RawImage =
      'codec' in header
        ? await decodeCompressed({ ...header, data })
        : { ...header, data, bitDepth: look.bitDepth ?? 16 };
    const placement = place(image.width, image.height, width, height, look.fit);
    const input = pool.take(width * height * 3);
    const brightest = engine.prepare(image, placement, new Uint8Array(input));
    pending.set(frame.ticket, {
      frame,
      image,
      placement,
      brightest,
      classes: frameClasses,
      prepare: performance.now() - started,
    });
    const message: RunMessage = {
      ticket: frame.ticket,
      input,
      labels: pool.take(width * height),
      confidence: needsConfidence(frame) ? pool.take(width * height) : undefined,
    };
    port.postMessage(message, buffersOf(message));
  } catch (error) {
    fail(frame, error);
  }
}

function needsConfidence({ look, outputs }: { look: FrameLook; outputs: readonly Output[] }): boolean {
  const { threshold = 0, smoothing = 0 } = look;
  return threshold > 0 || smoothing > 0 || outputs.some(({ kind }) => OUTPUTS[kind].needsConfidence);
}

/** Smoothing and threshold, in place. */
function steady({ frame, placement }: Pending, labels: Uint8Array, confidence: Uint8Array): void {
  const { threshold = 0, smoothing = 0, camera = '' } = frame.look;
  if (smoothing > 0) {
    let steadier = steadiers.get(camera);
    if (steadier === undefined) steadiers.set(camera, (steadier = new Steadier(width * height)));
    steadier.apply(labels, confidence, smoothing, Object.values(placement).join());
  } else {
    steadiers.delete(camera);
  }
  if (threshold > 0) applyThreshold(labels, confidence, threshold);
}

/** Draws all outputs; some are packed, which takes longer than this thread should wait. */
async function draw(entry: Pending, result: RunResult): Promise<Output[]> {
  const { frame, image, placement } = entry;
  const labels = new Uint8Array(result.labels);
  const confidence = result.confidence && new Uint8Array(result.confidence);
  if (confidence !== undefined) steady(entry, labels, confidence);
  const { opacity, legend = false } = frame.look;
  const drawing: Drawing = {
    image,
    placement,
    labels,
    confidence,
    classes: entry.classes,
    opacity,
    legend: (columns, rows) => (legend ? legends.of(entry.classes, columns, rows) : undefined),
  };
  const pixelsOf = ({ kind, width: columns, height: rows, headroom, buffer }: Output): Uint8Array =>
    new Uint8Array(buffer, headroom, columns * rows * OUTPUTS[kind].channels);
  for (const output of frame.outputs) OUTPUTS[output.kind].draw(engine, drawing, output, pixelsOf(output));
  return Promise.all(
    frame.outputs.map(async (output) => {
      if (!('packed' in OUTPUTS[output.kind])) return output;
      const png = await encodeGrayPng(pixelsOf(output), output.width, output.height);
      new Uint8Array(output.buffer, output.headroom).set(png);
      return { ...output, packedBytes: png.length };
    }),
  );
}

async function finish(result: RunResult): Promise<void> {
  const started = performance.now();
  const entry = pending.get(result.ticket)!;
  pending.delete(result.ticket);
  const { frame } = entry;
  try {
    if ('error' in result) throw new Error(result.error);
    const outputs = await draw(entry, result);
    answer({
      type: 'done',
      ticket: frame.ticket,
      data: frame.data,
      outputs,
      brightest: entry.brightest,
      finite: result.finite,
      times: { prepare: entry.prepare, run: result.run, finish: performance.now() - started },
    });
  } catch (error) {
    fail(frame, error);
  }
  for (const buffer of buffersOf(result)) pool.give(buffer);
}

port.on('message', (result: RunResult) => {
  void finish(result);
});
main.on('message', (message: FrameMessage | ClassesMessage | typeof CLOSE) => {
  if (message === CLOSE) {
    port.close();
    main.close();
  } else if ('classes' in message) {
    ({ classes } = message);
  } else {
    void prepare(message);
  }
});
