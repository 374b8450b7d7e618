// Pictures and labels of synthetic streets, laid out as CamVid is, for training (seeds from 1000) or to look at (1 to 99).
import { parseArgs } from 'node:util';
import { exportStreet } from './dist/export.js';

const usage =
  'usage: node street/export.mjs --out DIR [--seeds A-B] [--frames N] [--size WxH] [--stride N] [--colour]';
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    seeds: { type: 'string', default: '1-4' },
    frames: { type: 'string', default: '4' },
    size: { type: 'string', default: '480x360' },
    stride: { type: 'string', default: '67' },
    colour: { type: 'boolean', default: false },
  },
});
const seeds = /^(\d+)(?:-(\d+))?$/.exec(values.seeds);
const size = /^(\d+)x(\d+)$/.exec(values.size);
if (!values.out || !seeds || !size) {
  console.error(usage);
  process.exit(2);
}
const first = Number(seeds[1]);
const last = Number(seeds[2] ?? first);
const count = await exportStreet({
  seeds: Array.from({ length: last - first + 1 }, (_, i) => first + i),
  framesPerSeed: Number(values.frames),
  width: Number(size[1]),
  height: Number(size[2]),
  stride: Number(values.stride),
  hasColour: values.colour,
  dir: values.out,
});
console.log(`${count} pictures in ${values.out}`);
