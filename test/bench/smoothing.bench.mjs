// What `smoothing` does to flicker and to what changes: the shipped model on the synthetic street, with camera noise.
//   node test/bench/smoothing.bench.mjs [--frames N] [--json]
// flicker: while the camera stands still, the share of pixels whose class changes from one frame to the next.
// ghosts: while it drives, of pixels whose true class is new in this frame, the share that still shows the old one.
import { parseArgs } from 'node:util';
import { loadModel, withoutBuilding } from '../../dist/inference/model.js';
import { Segmenter } from '../../dist/inference/segmenter.js';
import { shippedModel } from '../../dist/inference/shippedModel.js';
import { Street } from '../../street/dist/street.js';

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
});
const frames = Number(values.frames);
const [width, height] = [480, 360];
const KEEP = [0, 0.5, 0.7, 0.8, 0.9];

/** The same noise for all: about four grey values. */
function noisy(picture, frame) {
  let state = 1 + frame;
  return Uint8Array.from(picture, (value) => {
    state = (state * 48271) % 2147483647;
    return Math.max(0, Math.min(255, value + ((state >> 8) % 15) - 7));
  });
}

const segmenter = await Segmenter.open(loadModel(shippedModel(), withoutBuilding('cpu')), { threads: 1 });
const street = new Street({ seed: 7, width, height });
const sums = KEEP.map(() => ({ same: 0, flicker: 0, changed: 0, ghosts: 0, right: 0, pixels: 0 }));

/** The masks of a picture, one for each of KEEP. `drive`: what is smoothed together. */
async function masksOf(data, drive) {
  const image = { width, height, encoding: 'rgb8', isBigEndian: false, step: 3 * width, data };
  const masks = [];
  for (const smoothing of KEEP) {
    const result = await segmenter.segment(image, {
      fit: 'letterbox',
      opacity: 0,
      smoothing,
      camera: `${drive} ${smoothing}`,
      outputs: [{ kind: 'mask', width, height, headroom: 0 }],
    });
    masks.push(new Uint8Array(result.outputs[0].buffer).slice());
    result.release();
  }
  return masks;
}

let last;
for (let i = 0; i < frames; i++) {
  const scene = 30 * Math.floor(i / 10);
  const masks = await masksOf(noisy(street.frame(scene).picture, i), `standing ${scene}`);
  if (i % 10 > 0) {
    masks.forEach((mask, k) => {
      sums[k].same += mask.length;
      for (let p = 0; p < mask.length; p++) sums[k].flicker += mask[p] !== last[k][p];
    });
  }
  last = masks;
}
let lastTruth;
for (let i = 0; i < frames; i++) {
  const { picture, labels } = street.frame(i);
  const truth = labels.slice();
  const masks = await masksOf(noisy(picture, i), 'driving');
  masks.forEach((mask, k) => {
    const sum = sums[k];
    for (let p = 0; p < mask.length; p++) {
      if (truth[p] === 255) continue;
      sum.pixels++;
      sum.right += mask[p] === truth[p];
      if (lastTruth === undefined || lastTruth[p] === 255 || truth[p] === lastTruth[p]) continue;
      sum.changed++;
      sum.ghosts += mask[p] === lastTruth[p];
    }
  });
  lastTruth = truth;
}
await segmenter.close();
const rows = KEEP.map((smoothing, k) => {
  const { same, flicker, changed, ghosts, right, pixels } = sums[k];
  const percent = (part, whole) => Number(((100 * part) / whole).toFixed(3));
  return {
    smoothing,
    flicker: percent(flicker, same),
    ghosts: percent(ghosts, changed),
    accuracy: percent(right, pixels),
  };
});
if (values.json) console.log(JSON.stringify(rows));
else console.table(rows);
