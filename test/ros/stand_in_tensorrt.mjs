// Loaded before the node: onnxruntime-node as it would be with TensorRT. A session of TensorRT runs the ONNX file that
// STAND_IN_NETWORK names on the CPU, in the place of the engine.
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(new URL('../../dist/main.js', import.meta.url));
const onnxruntime = require('onnxruntime-node');
const backend = require(join(dirname(require.resolve('onnxruntime-node')), 'backend.js'));

const list = backend.listSupportedBackends;
backend.listSupportedBackends = () => [...list(), { name: 'tensorrt', bundled: false }];

const { existsSync } = fs;
fs.existsSync = (path) => String(path).endsWith('libonnxruntime_providers_tensorrt.so') || existsSync(path);
syncBuiltinESMExports();

const { InferenceSession } = onnxruntime;
const create = InferenceSession.create.bind(InferenceSession);
InferenceSession.create = async (model, options) => {
  if (options.executionProviders[0] !== 'tensorrt') return create(model, options);
  if (typeof model !== 'string') throw new Error('an engine is found by the path of the file that wraps it');
  fs.readFileSync(model);
  return create(process.env.STAND_IN_NETWORK, { ...options, executionProviders: ['cpu'] });
};
