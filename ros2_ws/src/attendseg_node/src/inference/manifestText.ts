import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkYamlDepth } from '../yamlDepth.js';
import { ModelError } from './modelError.js';
import { modelLocation } from './shippedModel.js';

/** Bytes; more than any manifest has. */
const LONGEST = 2 ** 20;

/**
 * What a manifest says, not checked yet, and where it was found. `path` is the file, the folder that holds it, or the name
 * of a model that comes with the program.
 * @throws ModelError if it cannot be read or is no YAML in UTF-8
 */
export function readManifestText(path: string): { readonly path: string; readonly value: unknown } {
  const found = modelLocation(path);
  let manifest = found;
  let bytes: Uint8Array;
  try {
    if (statSync(found).isDirectory()) manifest = join(found, 'manifest.yaml');
    // Whoever may set `model` could name a pipe, which never ends.
    const info = statSync(manifest);
    if (!(info.isFile() || info.isDirectory()) || info.size > LONGEST)
      throw new ModelError(
        `model ${manifest}: is no manifest (no file of at most ${LONGEST} bytes); give a folder with a manifest.yaml, or that file`,
      );
    bytes = readFileSync(manifest);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(
      `model ${manifest}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); give a folder with a manifest.yaml, or that file`,
    );
  }
  const text = decode(manifest, bytes);
  try {
    checkYamlDepth(text);
    return { path: manifest, value: parse(text) as unknown };
  } catch (error) {
    throw new ModelError(`model ${manifest}: not YAML: ${(error as Error).message.split('\n')[0] ?? ''}`);
  }
}

/** UTF-8, with or without a byte order mark. Windows' editors know others too. */
function decode(manifest: string, bytes: Uint8Array): string {
  const [first = 1, second = 1] = bytes;
  if (first === 0 || second === 0 || (first ^ second) === (0xff ^ 0xfe)) {
    throw new ModelError(`model ${manifest}: is UTF-16; save it as UTF-8`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ModelError(`model ${manifest}: has characters that are not UTF-8; save it as UTF-8`);
  }
}
