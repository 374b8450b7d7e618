// node labels.mjs MODEL RAW...
// How far the node's own labels agree with those of the whole graph, and how far their confidence is apart (0-255).
import { readFileSync } from 'node:fs';
import { readManifest } from '#inference/manifest.js';
import { readModelFile } from '#inference/modelFile.js';
import { Network } from '#inference/network.js';
import { endAt } from '#inference/onnxCut.js';

const [path, ...pictures] = process.argv.slice(2);
const manifest = readManifest(path);
const bytes = readModelFile(manifest, 'cpu');
const { before_argmax, ...cpu } = manifest.files.cpu;
const options = { provider: 'cpu', threads: 1 };
const cut = await Network.open(manifest, bytes, options);
const whole = await Network.open({ ...manifest, files: { ...manifest.files, cpu } }, bytes, options);
const pixels = manifest.input.width * manifest.input.height;
const [ours, theirs, sure, theirSure] = [0, 1, 2, 3].map(() => new Uint8Array(pixels));
let [equal, apart] = [0, 0];
for (const picture of pictures) {
  await cut.run(readFileSync(picture), ours, sure);
  await whole.run(readFileSync(picture), theirs, theirSure);
  ours.forEach((id, i) => {
    equal += Number(id === theirs[i]);
    apart += Math.abs(sure[i] - theirSure[i]);
  });
}
const hasArgMax = (model) => Buffer.from(model).includes('ArgMax');
console.log(
  JSON.stringify({
    nodes: { whole: hasArgMax(bytes), cut: hasArgMax(endAt(bytes, before_argmax.logits)) },
    equal: equal / pixels / pictures.length,
    confidence: apart / pixels / pictures.length,
  }),
);
