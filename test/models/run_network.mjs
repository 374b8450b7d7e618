// node run_network.mjs MODEL OPTIMISED HEIGHT WIDTH RAW...
// Runs an ONNX file on raw RGB pictures and prints a JSON list with a hash of each picture's outputs. The graph that
// the session really runs is written to OPTIMISED.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { InferenceSession, Tensor } from 'onnxruntime-node';

const [model, optimizedModelFilePath, height, width, ...pictures] = process.argv.slice(2);
const session = await InferenceSession.create(model, {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  logSeverityLevel: 3,
  optimizedModelFilePath,
});
const hashes = [];
for (const picture of pictures) {
  const image = new Tensor('uint8', readFileSync(picture), [Number(height), Number(width), 3]);
  const outputs = await session.run({ image });
  const hash = createHash('sha256');
  for (const name of ['labels', 'confidence']) hash.update(outputs[name].data);
  hashes.push(hash.digest('hex'));
}
await session.release();
console.log(JSON.stringify(hashes));
