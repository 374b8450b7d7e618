// How far the two files of a model agree on the picture that engines are checked with: node probe.mjs MODEL
import { readManifest } from '#inference/manifest.js';
import { readModelFile } from '#inference/modelFile.js';
import { Network } from '#inference/network.js';
import { probe, probePicture } from '#inference/probe.js';

const manifest = readManifest(process.argv[2]);
const open = (file) =>
  Network.open(manifest, readModelFile(manifest, file), { provider: 'cpu', threads: 1, file });
const [cpu, tensorrt] = [await open('cpu'), await open('tensorrt')];
const { width, height } = manifest.input;
const labels = new Uint8Array(width * height);
const confidence = new Uint8Array(width * height);
await cpu.run(probePicture(width, height), labels, confidence);
const counts = {};
labels.forEach((id) => (counts[id] = (counts[id] ?? 0) + 1));
const confident = confidence.filter((value) => value >= 160).length / confidence.length;
console.log(JSON.stringify({ agreement: await probe(manifest, tensorrt, cpu), confident, counts }));
/** A network that is wrong in one place in fifty. */
const wrong = {
  run: async (picture, out) => {
    await tensorrt.run(picture, out);
    out.forEach((id, i) => (out[i] = i % 50 === 0 ? (id + 1) % 11 : id));
  },
};
try {
  await probe(manifest, wrong, cpu);
} catch (error) {
  console.log(error.message);
}
