import { createHash } from 'node:crypto';
import type { KnownBoard } from './board.js';

/** The flags that decide what an engine computes. Q/DQ files need --int8; --fp16 is for the layers around them. */
export const PRECISION = ['--int8', '--fp16'] as const;

/** What can be read before anything of TensorRT runs: where the node looks for its engine. */
export interface EngineGround {
  /** Of the ONNX file that the engine is built from. */
  readonly model: string;
  readonly tensorrt: string;
  readonly board: readonly string[];
  readonly l4t: string;
  readonly flags: readonly string[];
}

/** What only trtexec tells, while it builds. */
export interface Device {
  readonly name: string;
  readonly sms: number;
  /** As 8.7. */
  readonly computeCapability: string;
}

export function groundOf(model: string, { tensorrt, board, l4t }: KnownBoard): EngineGround {
  return { model, tensorrt, board, l4t, flags: PRECISION };
}

/**
 * The key of an engine, 64 hexadecimal digits.
 *
 * It has the number of SMs, which all Orins differ in while they share a GPU name and 8.7. The node cannot know it
 * without starting CUDA, so it looks for entries of its ground instead. Two of these can differ in their SMs only if
 * the cache has seen two modules whose device trees have the same names (a carrier board of a maker who does not name
 * the module, and a card that was moved): then the entry of this board's serial number is taken, and without one none.
 */
export function engineKey(ground: EngineGround, device: Device): string {
  return digest([...parts(ground), `sms ${device.sms}`, `cc ${device.computeCapability}`]);
}

/** The key of what entries share that can be told apart by trtexec only. */
export function groundKey(ground: EngineGround): string {
  return digest(parts(ground));
}

/** Of what timings of kernels depend on: all models of a board share them. */
export function timingKey({ tensorrt, board, l4t }: KnownBoard): string {
  return digest([tensorrt, ...board, l4t]).slice(0, SHORT);
}

/** Digits of a key in names of files. */
const SHORT = 16;

/** The name of an entry: `attendseg_camvid-0123456789abcdef`. @param model its name in the manifest */
export function entryName(model: string, key: string): string {
  const plain = model
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+/, '')
    .slice(0, 60);
  return `${plain === '' ? 'model' : plain}-${key.slice(0, SHORT)}`;
}

function parts({ model, tensorrt, board, l4t, flags }: EngineGround): string[] {
  return [`model ${model}`, `tensorrt ${tensorrt}`, `board ${JSON.stringify(board)}`, `l4t ${l4t}`, ...flags];
}

function digest(lines: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(lines)).digest('hex');
}
