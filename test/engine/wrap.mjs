// node wrap.mjs NETWORK.onnx WRAPPER.onnx: wraps an engine called net.engine; what is wrong comes as one line.
import { readFileSync, writeFileSync } from 'node:fs';
import { wrapEngine } from '../../dist/inference/engine/epContext.js';

const [source, target] = process.argv.slice(2);
try {
  const context = { engine: 'net.engine', source, computeCapability: '8.7', tensorrt: '10.3.0.30' };
  writeFileSync(target, wrapEngine(readFileSync(source), context));
} catch (error) {
  if (error.name !== 'EngineError') throw error;
  console.log(error.message);
  process.exitCode = 1;
}
