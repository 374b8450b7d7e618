// `attendseg segment` against raw session runs, by turns, and its memory on a large bag. `npm run build`, then:
//   node test/bench/segment.bench.mjs [--frames 200] [--rounds 5] [--gigabytes 2]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel, withoutBuilding } from '#inference/model.js';
import { endAt } from '#inference/onnxCut.js';
import { sessionThreads } from '#inference/providers.js';
import { shippedModel } from '#inference/shippedModel.js';
import { BagWriter } from '#recording/bagWriter.js';
import { ImageCdr } from '#recording/imageCdr.js';
import { Street } from '#street/street.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SIZE = { width: 640, height: 480 };
const QOS = { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 1 };

const SESSION = fileURLToPath(new URL('session.mjs', import.meta.url));
/** Of session runs in a round. */
const SECONDS = 5;

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    gigabytes: { type: 'string', default: '2' },
  },
});
const frames = Number(values.frames);
const folder = mkdtempSync(join(tmpdir(), 'attendseg-bench-'));

async function writeBag(path, count) {
  const street = new Street({ seed: 3, ...SIZE, fps: 10 });
  const pictures = Array.from({ length: 20 }, (_, i) => street.frame(i).picture);
  const cdr = new ImageCdr('camera', 'rgb8', SIZE.width, SIZE.height, 3 * SIZE.width);
  const writer = await BagWriter.create(path);
  const channel = await writer.topic('/camera/image', 'sensor_msgs/msg/Image', { qos: QOS });
  const message = Buffer.alloc(cdr.headroom + pictures[0].length);
  for (let i = 0; i < count; i++) {
    message.set(pictures[i % pictures.length], cdr.headroom);
    cdr.write(message, { sec: Math.floor(i / 10), nanosec: (i % 10) * 1e8 });
    await channel.write(BigInt(i) * 100_000_000n, message);
  }
  await writer.close();
}

function node(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Runs it and looks at its resident memory all the while. */
function segment(bag, out, ...options) {
  const peak = `${out}.peak`;
  const watch = `data:text/javascript,import { writeFileSync } from 'node:fs'; import { isMainThread } from 'node:worker_threads'; if (isMainThread) process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)));`;
  const text = node([`--import=${watch}`, MAIN, 'segment', bag, '-o', out, '--json', ...options]);
  return { ...JSON.parse(text), peakMiB: Math.round(Number(readFileSync(peak, 'utf8')) / 1024) };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

try {
  const model = loadModel(shippedModel(), withoutBuilding('cpu'));
  // As the node's session runs it.
  const file = join(folder, 'ended.onnx');
  writeFileSync(file, endAt(model.bytes, model.manifest.files.cpu.before_argmax.logits));
  const bag = join(folder, 'bench.mcap');
  await writeBag(bag, frames);
  const rounds = Array.from({ length: Number(values.rounds) }, (_, i) => {
    const { 'per second': raw } = JSON.parse(
      node([SESSION, file, String(sessionThreads(0)), String(SECONDS)]),
    );
    const { frames_per_second: ours } = segment(bag, join(folder, `${i}.mcap`), '--outputs', 'mask');
    console.log(
      `raw runs ${raw.toFixed(1)} a second, segment ${ours.toFixed(1)}: ${(ours / raw).toFixed(3)}`,
    );
    return { raw, ours };
  });
  const share = median(rounds.map(({ raw, ours }) => ours / raw));
  console.log(`median of ${rounds.length}: ${share.toFixed(3)} of raw runs`);
  rmSync(bag);
  const bytes = Number(values.gigabytes) * 1e9;
  if (bytes > 0) {
    const large = join(folder, 'large.mcap');
    await writeBag(large, Math.ceil(bytes / (3 * SIZE.width * SIZE.height)));
    const { segmented, peakMiB } = segment(large, join(folder, 'large_masks.mcap'));
    console.log(`${values.gigabytes} GB, ${segmented} frames: ${peakMiB} MiB resident at most`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
