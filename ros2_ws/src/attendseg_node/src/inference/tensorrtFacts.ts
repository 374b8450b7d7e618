import { freemem } from 'node:os';
import { errorText } from '../errorText.js';
import { known, readBoard } from './engine/board.js';
import { engineSource } from './engine/engineSource.js';
import { cacheFolder } from './engine/cacheFolder.js';
import { findEngine, openEngine } from './engine/engineCache.js';
import { EngineError } from './engine/engineError.js';
import { groundOf } from './engine/engineKey.js';
import { whereTrtexec } from './engine/trtexec.js';
import type { Manifest } from './manifest.js';
import { type TensorrtFacts, whyNotTensorrt } from './providers.js';

/** GiB that must be free for a network on the CPU beside the build of an engine. */
const FOR_BOTH = 2;

/**
 * What this machine has to run a model on TensorRT.
 * @throws ModelError if the model's file for it cannot be read
 */
export function tensorrtFacts(manifest: Manifest): TensorrtFacts {
  const hasFile = manifest.files.tensorrt !== undefined;
  const facts = { hasFile, engine: undefined, cannotBuild: undefined, cannotServe: undefined };
  const unusable = whyNotTensorrt();
  if (unusable !== undefined || !hasFile) return { ...facts, unusable };
  try {
    return {
      ...facts,
      unusable,
      engine: engineOf(manifest),
      cannotBuild: whyNoBuild(),
      cannotServe: whyNoServing(),
    };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { ...facts, unusable: errorText(error) };
  }
}

/**
 * The model's engine for this board in the cache: path of the ONNX file that wraps it.
 * @throws EngineError if the board cannot be told, or the engine is not what was built
 */
function engineOf(manifest: Manifest): string | undefined {
  const board = known(readBoard());
  const ground = groundOf(engineSource(manifest).sha256, board);
  const cache = cacheFolder();
  const entry = findEngine(cache, ground, board.serial);
  return entry === undefined ? undefined : openEngine(cache, entry).wrapper;
}

function whyNoBuild(): string | undefined {
  return whereTrtexec() === undefined ? 'there is no trtexec here to build one' : undefined;
}

function whyNoServing(): string | undefined {
  const gibibytes = freemem() / 2 ** 30;
  return gibibytes < FOR_BOTH ? `only ${gibibytes.toFixed(1)} GiB of memory are free` : undefined;
}
