import type { Manifest } from '../manifest.js';
import { type ExternalData, modelPath, readExternalData, readModelFile, sha256 } from '../modelFile.js';

/** A model's TensorRT file, with what it keeps in other files. */
export interface EngineSource {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly data: readonly ExternalData[];
  /** Of all of it. */
  readonly sha256: string;
}

/** @throws ModelError */
export function engineSource(manifest: Manifest): EngineSource {
  const bytes = readModelFile(manifest, 'tensorrt');
  const data = readExternalData(manifest, 'tensorrt', bytes);
  const own = sha256(bytes);
  const all =
    data.length === 0 ? own : sha256(Buffer.from([own, ...data.map((one) => sha256(one.data))].join()));
  return { path: modelPath(manifest, 'tensorrt'), bytes, data, sha256: all };
}
