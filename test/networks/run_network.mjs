// node run_network.mjs MODEL PICTURE OUT
// Runs the model of a folder on one raw RGB picture. Writes its class ids and confidence to OUT, or prints in one line
// why it cannot.
import { readFileSync, writeFileSync } from 'node:fs';

import { readManifest } from '../../dist/inference/manifest.js';
import { readModelFile } from '../../dist/inference/modelFile.js';
import { ModelError } from '../../dist/inference/modelError.js';
import { Network } from '../../dist/inference/network.js';

const [model, picture, out] = process.argv.slice(2);
try {
  const manifest = readManifest(model);
  const network = await Network.open(manifest, readModelFile(manifest, 'cpu'), {
    provider: 'cpu',
    threads: 1,
  });
  const pixels = manifest.input.width * manifest.input.height;
  const [labels, confidence] = [new Uint8Array(pixels), new Uint8Array(pixels)];
  try {
    await network.run(readFileSync(picture), labels, confidence);
  } finally {
    await network.close();
  }
  writeFileSync(out, Buffer.concat([labels, confidence]));
} catch (error) {
  if (!(error instanceof ModelError)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
