// Session runs of a blank picture, one after the other, as the node opens its session; prints JSON, times in milliseconds.
//   node test/bench/session.mjs MODEL.onnx THREADS SECONDS
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [file, threads, seconds] = process.argv.slice(2);
const session = await InferenceSession.create(readFileSync(file), {
  executionProviders: ['cpu'],
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const { name, shape } = session.inputMetadata[0];
const feed = { [name]: new Tensor('uint8', new Uint8Array(shape.reduce((a, b) => a * b)), shape) };
for (let i = 0; i < 10; i++) await session.run(feed);
const times = [];
const before = process.cpuUsage();
const started = performance.now();
for (let now = started; now - started < 1000 * Number(seconds);) {
  await session.run(feed);
  const then = now;
  now = performance.now();
  times.push(now - then);
}
const elapsed = performance.now() - started;
const { user, system } = process.cpuUsage(before);
times.sort((a, b) => a - b);
const percentile = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
console.log(
  JSON.stringify({
    runs: times.length,
    'p50 [ms]': percentile(0.5),
    'p95 [ms]': percentile(0.95),
    'per second': (1000 * times.length) / elapsed,
    'CPU per output [ms]': (user + system) / 1000 / times.length,
  }),
);
