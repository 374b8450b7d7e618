// The published network as the node runs it, ended before its ArgMax:  node test/bench/ended.mjs MODEL OUT.onnx
import { writeFileSync } from 'node:fs';
import { readManifest } from '#inference/manifest.js';
import { readModelFile } from '#inference/modelFile.js';
import { endAt } from '#inference/onnxCut.js';

const [model, out] = process.argv.slice(2);
const manifest = readManifest(model);
writeFileSync(out, endAt(readModelFile(manifest, 'cpu'), manifest.files.cpu.before_argmax.logits));
