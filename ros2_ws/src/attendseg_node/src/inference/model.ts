import { type ClassTable, classTable, NO_RULES } from './classTable.js';
import { type Manifest, type ModelFile, readManifest } from './manifest.js';
import { readModelFile, sha256 } from './modelFile.js';
import { chooseProvider, type ProviderChoice, type ProviderWish } from './providers.js';

/** A model that can be run: all that a backend needs to open it, again if need be, without the disk. */
export interface Model {
  readonly manifest: Manifest;
  readonly choice: ProviderChoice;
  /** Which of the manifest's files it is. */
  readonly file: ModelFile;
  /** Its content. */
  readonly bytes: Uint8Array;
  /** Of its content, in hexadecimal. */
  readonly sha256: string;
  /** Its classes as they are. */
  readonly classes: ClassTable;
}

/**
 * Reads a model and chooses what runs it.
 * @param path its folder, or its manifest
 * @param file another of its files than the provider would take, for comparisons
 * @throws ModelError if manifest, file or provider cannot be used
 */
export function loadModel(path: string, provider: ProviderWish, file?: ModelFile): Model {
  const manifest = readManifest(path);
  const choice = chooseProvider(provider);
  const which = file ?? choice.file;
  const bytes = readModelFile(manifest, which);
  return {
    manifest,
    choice,
    file: which,
    bytes,
    sha256: sha256(bytes),
    classes: classTable(manifest, NO_RULES),
  };
}
