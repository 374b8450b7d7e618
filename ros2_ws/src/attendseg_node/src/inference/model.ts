import { type ClassTable, classTable, NO_RULES } from './classTable.js';
import { type Manifest, type ModelFile, readManifest } from './manifest.js';
import { ModelError } from './modelError.js';
import { readModelFile, sha256 } from './modelFile.js';
import { decide, type Provider, type Wishes } from './providers.js';
import { tensorrtFacts } from './tensorrtFacts.js';

/** What runs a model, and why nothing better does. */
export interface Choice {
  readonly provider: Provider;
  readonly reason: string;
  /** Of TensorRT: path of the ONNX file that wraps the engine. */
  readonly engine: string | undefined;
  /** Whether an engine is to be built meanwhile. */
  readonly build: boolean;
}

/** A model that can be run: all that a backend needs to open it, again if need be, without the disk. */
export interface Model {
  readonly manifest: Manifest;
  readonly choice: Choice;
  /** Which of the manifest's files it is. */
  readonly file: ModelFile;
  /** Its content. */
  readonly bytes: Uint8Array;
  /** Of its content, in hexadecimal. */
  readonly sha256: string;
  /** The file for the CPU, that an engine is checked with. */
  readonly reference: Uint8Array | undefined;
  /** Its classes as they are. */
  readonly classes: ClassTable;
}

/** Nothing can run the model before its engine is built. */
export class EngineAwaited extends ModelError {}

/** The CPU, or what runs without building anything. */
export function withoutBuilding(provider: Wishes['provider']): Wishes {
  return {
    provider,
    engine: provider === 'tensorrt' ? 'require' : 'off',
    serveWhileBuilding: false,
  };
}

/**
 * Reads a model and chooses what runs it.
 * @param path its folder, or its manifest
 * @param file another of its files than the provider would take, for comparisons
 * @throws EngineAwaited if its engine is to be built first
 * @throws ModelError if manifest, file or provider cannot be used
 */
export function loadModel(path: string, wishes: Wishes, file?: ModelFile): Model {
  const manifest = readManifest(path);
  const decision = decide(wishes, tensorrtFacts(manifest));
  const { provider, reason, build } = decision;
  if (provider === undefined) throw new EngineAwaited(reason);
  const engine = provider === 'tensorrt' ? decision.engine : undefined;
  const which = file ?? provider;
  const bytes = readModelFile(manifest, which);
  return {
    manifest,
    choice: { provider, reason, build, engine },
    file: which,
    bytes,
    sha256: sha256(bytes),
    reference: provider === 'tensorrt' ? readModelFile(manifest, 'cpu') : undefined,
    classes: classTable(manifest, NO_RULES),
  };
}
