import type { Build } from './engineBuild.js';

/** Builds the engine of a model. */
export function engineBuild(model: string): Build {
  return () => Promise.reject(new Error(`${model}: this version cannot build engines yet`));
}
