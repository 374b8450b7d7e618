// Milliseconds per frame of src/vision's operations. `npm run build`, then: node test/bench/vision.bench.mjs
import { place } from '#vision/letterbox.js';
import { PixelEngine } from '#vision/pixelEngine.js';

const FRAMES = 60;
const WARM_UP = 20;
const NETWORK = 512;
const SIZES = [
  [640, 480],
  [1920, 1080],
];
/** Bytes a row and rows, in units of width and height. */
const ENCODINGS = {
  rgb8: [3, 1],
  bgr8: [3, 1],
  yuyv: [2, 1],
  nv12: [1, 1.5],
  bayer_rggb8: [1, 1],
};

/** Per frame: the median of the time passed, and the mean of the processor time, which a busy machine spoils less. */
function measure(action) {
  for (let i = 0; i < WARM_UP; i++) action();
  const before = process.cpuUsage();
  const times = Array.from({ length: FRAMES }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const { user, system } = process.cpuUsage(before);
  return { median: times[FRAMES / 2].toFixed(2), cpu: ((user + system) / 1000 / FRAMES).toFixed(2) };
}

/** Bytes that no branch predictor or cache can learn. */
function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) >> 8);
}

const engine = await PixelEngine.create();
const palette = noise(1024);
const identity = Uint8Array.from({ length: 256 }, (_, label) => label);
// Blobs of 16 x 16 pixels, a dozen classes.
const labels = Uint8Array.from({ length: NETWORK ** 2 }, (_, i) => ((i >> 4) ^ (i >> 13)) % 12);
const network = new Uint8Array(NETWORK ** 2 * 3);
const rows = [];
for (const [width, height] of SIZES) {
  const placement = place(width, height, NETWORK, NETWORK, 'letterbox');
  const gray = new Uint8Array(width * height);
  const rgb = new Uint8Array(width * height * 3);
  const add = (operation, encoding, action) =>
    rows.push({ size: `${width}x${height}`, operation, encoding, ...measure(action) });
  for (const [encoding, [perColumn, perRow]] of Object.entries(ENCODINGS)) {
    const step = width * perColumn;
    const image = { width, height, encoding, isBigEndian: false, step, data: noise(step * height * perRow) };
    add('prepare', encoding, () => engine.prepare(image, placement, network));
    add('overlay', encoding, () =>
      engine.overlay(image, labels, placement, palette, 0.5, width, height, rgb),
    );
  }
  add('mask', '', () => engine.mask(labels, placement, identity, width, height, gray));
  add('colorMask', '', () => engine.colorMask(labels, placement, palette, width, height, rgb));
}
console.table(rows);
console.log(`WebAssembly memory: ${(engine.memoryBytes / 2 ** 20).toFixed(1)} MiB`);
