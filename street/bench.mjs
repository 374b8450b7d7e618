// Frames per second of the synthetic street on one core, after a second of warming up. Usage: node street/bench.mjs [WxH] [SEED…]
import { Street } from './dist/street.js';

const [size = '640x480', ...seeds] = process.argv.slice(2);
const [width, height] = size.split('x').map(Number);

/** Processor time, so that a busy machine doesn't count against the street. */
const busy = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

for (const seed of seeds.length > 0 ? seeds.map(Number) : [1, 3, 9, 10, 18]) {
  const before = busy();
  const street = new Street({ seed, width, height });
  const setUp = busy() - before;
  const frame = street.frame(0);
  for (let i = 1; i < 30; i++) street.frame(i, frame);
  const times = [];
  for (let i = 30; i < 180; i++) {
    const start = busy();
    street.frame(i, frame);
    times.push(busy() - start);
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1];
  console.log(
    `seed ${seed} ${size}: ${(1000 / median).toFixed(0)} frames/s (median ${median.toFixed(1)} ms, best ${times[0].toFixed(1)} ms; set-up ${setUp.toFixed(0)} ms)`,
  );
}
