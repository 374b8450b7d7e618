import { basename } from 'node:path';
import { errorText } from '../../errorText.js';
import { readManifest, type Manifest } from '../../inference/manifest.js';
import { modelPath, readExternalData, readModelFile, sha256 } from '../../inference/modelFile.js';
import { causeAndRemedy, type Finding, inGroup } from './finding.js';

const { ok, info, warning, error } = inGroup('Model');

/** A model's manifest, and its files against the hashes there. @param path its folder, or its manifest */
export function checkModel(path: string): Finding[] {
  let manifest: Manifest;
  try {
    manifest = readManifest(path);
  } catch (thrown) {
    return [error('manifest', ...causeAndRemedy(errorText(thrown)))];
  }
  const findings = [ok('manifest', `${manifest.path}, ${manifest.classes.length} classes`)];
  for (const which of ['cpu', 'tensorrt'] as const) {
    const name = `${which} file`;
    const file = manifest.files[which];
    if (file === undefined) {
      findings.push(info(name, 'none'));
      continue;
    }
    try {
      const bytes = readModelFile(manifest, which);
      readExternalData(manifest, which, bytes);
      const told = `${basename(modelPath(manifest, which))}, ${bytes.length} bytes, sha256 ${sha256(bytes).slice(0, 12)}…`;
      findings.push(
        file.sha256 === undefined
          ? warning(name, `${told}: its manifest has no hash`, `add files.${which}.sha256: ${sha256(bytes)}`)
          : ok(name, `${told} as in its manifest`),
      );
    } catch (thrown) {
      findings.push(error(name, ...causeAndRemedy(errorText(thrown))));
    }
  }
  return findings;
}
