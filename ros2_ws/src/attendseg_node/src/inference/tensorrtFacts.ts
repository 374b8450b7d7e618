import type { Manifest } from './manifest.js';
import { type TensorrtFacts, whyNotTensorrt } from './providers.js';

/** What this machine has to run a model on TensorRT. */
export function tensorrtFacts(manifest: Manifest): TensorrtFacts {
  return {
    unusable: whyNotTensorrt(),
    hasFile: manifest.files.tensorrt !== undefined,
    engine: undefined,
    cannotBuild: 'this version cannot build one yet',
    cannotServe: undefined,
  };
}
