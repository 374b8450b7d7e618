import { availableParallelism } from 'node:os';
import { listSupportedBackends } from 'onnxruntime-node';
import type { ModelFile } from './manifest.js';
import { ModelError } from './modelError.js';

export const PROVIDERS = ['auto', 'cpu', 'tensorrt'] as const;
export type ProviderWish = (typeof PROVIDERS)[number];

/** What runs, which of the model's files it takes, and why nothing better runs. */
export interface ProviderChoice {
  readonly provider: 'cpu';
  readonly file: ModelFile;
  readonly reason: string;
}

/**
 * Chooses the execution provider. TensorRT is never replaced silently: asked for by name, it runs or this throws.
 * @throws ModelError if `wish` cannot be had on this machine.
 */
export function chooseProvider(wish: ProviderWish): ProviderChoice {
  const tensorrt = whyNotTensorrt();
  if (wish === 'tensorrt') {
    throw new ModelError(`provider tensorrt: ${tensorrt}; set provider to cpu or auto`);
  }
  return { provider: 'cpu', file: 'cpu', reason: wish === 'cpu' ? 'asked for' : `tensorrt: ${tensorrt}` };
}

/** onnxruntime drops providers that its build does not know with no more than a warning, so ask first. */
function whyNotTensorrt(): string {
  const backend = listSupportedBackends().find(({ name }) => name === 'tensorrt');
  return backend?.bundled === true
    ? 'this version of attendseg_node cannot build its engine yet'
    : 'this onnxruntime-node was built without it';
}

/** Threads for the session: as asked, or all cores but one, which ROS and the pixel work need. */
export function sessionThreads(asked: number): number {
  return asked > 0 ? asked : Math.max(1, availableParallelism() - 1);
}
