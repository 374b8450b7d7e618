import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { Manifest, ModelFile } from './manifest.js';
import { ModelError } from './modelError.js';
import { readInside, staysInside } from './modelFolder.js';
import { OnnxFormatError, readOnnxHeader, type OnnxHeader } from './onnxHeader.js';

/**
 * The absolute path of one of the model's ONNX files.
 * @throws ModelError if the manifest lists none
 */
export function modelPath(manifest: Manifest, which: ModelFile): string {
  const entry = manifest.files[which];
  if (entry === undefined) {
    throw new ModelError(`model ${manifest.path}: lists no file for ${which}; add files.${which}.path`);
  }
  return resolve(dirname(manifest.path), entry.path);
}

/**
 * The bytes of one of the model's ONNX files, checked against the manifest's hash where it gives one.
 * @throws ModelError if the file is not listed, not readable or not the one that the manifest means.
 */
export function readModelFile(manifest: Manifest, which: ModelFile): Uint8Array {
  const path = modelPath(manifest, which);
  const bytes = readWhole(`model file ${path}`, manifest, path, `${manifest.path} names it`);
  checkHash(`model file ${path}`, bytes, manifest.files[which]?.sha256);
  return bytes;
}

/** A file of weights beside a model: its path as the model names it, and its bytes. */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

/**
 * The weights that a model keeps in other files, checked against the hashes that the manifest gives.
 * @param model what readModelFile gave
 * @throws ModelError if one of them cannot be read, lies outside the model's folder or is not the one that is meant
 */
export function readExternalData(manifest: Manifest, which: ModelFile, model: Uint8Array): ExternalData[] {
  const file = modelPath(manifest, which);
  const locations = headerOf(model)?.externalData ?? [];
  const hashes = new Map(
    manifest.files[which]?.data.map(({ path, sha256 }) => [resolve(dirname(manifest.path), path), sha256]),
  );
  const result = locations.map((location) => {
    const path = join(dirname(file), location);
    const what = `model file ${file}: its weights are in ${path}, which`;
    if (!staysInside(location)) {
      throw new ModelError(
        `model file ${file}: its weights are in ${location}, outside its folder; save both into one folder`,
      );
    }
    const data = readWhole(what, manifest, path, 'copy it there, or save the model as one file');
    checkHash(what, data, hashes.get(path));
    hashes.delete(path);
    return { path: location, data };
  });
  for (const [unused] of hashes) {
    throw new ModelError(
      `model file ${file}: does not use ${unused}, which ${manifest.path} lists; correct files.${which}.data`,
    );
  }
  return result;
}

/** Why onnxruntime cannot load a model, in one line, with what to do where the cause is known. */
export function whyNotLoaded(model: Uint8Array, said: string): string {
  const newer = /IR version: (\d+), max supported IR version: (\d+)/.exec(said);
  if (newer !== null) {
    return `it has IR version ${newer[1]!}, and versions up to ${newer[2]!} are known; export it with an older onnx, or set ir_version to ${newer[2]!}`;
  }
  try {
    readOnnxHeader(model);
    return said;
  } catch (error) {
    if (!(error instanceof OnnxFormatError)) throw error;
    return `it ${error.message}; copy or export it again`;
  }
}

/** Undefined for files that are none; onnxruntime reads other formats too, and says what it cannot. */
function headerOf(model: Uint8Array): OnnxHeader | undefined {
  try {
    return readOnnxHeader(model);
  } catch (error) {
    if (error instanceof OnnxFormatError) return undefined;
    throw error;
  }
}

function readWhole(what: string, manifest: Manifest, path: string, remedy: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readInside(what, manifest.path, path);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') throw new ModelError(`${what} is a folder; name the file in it (${remedy})`);
    throw new ModelError(`${what} cannot be read (${code ?? String(error)}); ${remedy}`);
  }
  if (bytes.length === 0) throw new ModelError(`${what} is empty; copy it again`);
  if (Buffer.from(bytes.subarray(0, 64)).toString('latin1').startsWith('version https://git-lfs')) {
    throw new ModelError(`${what} is a Git LFS pointer, not the file itself; run git lfs pull`);
  }
  return bytes;
}

/** In hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function checkHash(what: string, bytes: Uint8Array, expected: string | undefined): void {
  if (expected === undefined) return;
  const actual = sha256(bytes);
  if (actual === expected) return;
  throw new ModelError(
    `${what}: sha256 is ${actual.slice(0, 12)}…, its manifest says ${expected.slice(0, 12)}…; restore the file (${bytes.length} bytes) or correct the manifest`,
  );
}
