import type { Family } from '../family.js';

const BUGS: Readonly<Record<string, () => void>> = {
  'planted-throws': () => {
    throw new TypeError('planted');
  },
  'planted-hangs': () => {
    for (;;);
  },
  'planted-slow': () => {
    const start = process.cpuUsage();
    for (let used = 0; used < 1_200_000;) {
      const { user, system } = process.cpuUsage(start);
      used = user + system;
    }
  },
  'planted-aborts': () => {
    process.abort();
  },
  'planted-takes': () => {
    taken.push(new Uint8Array(2 ** 26).fill(1));
  },
};
const taken: Uint8Array[] = [];

/** A decoder that does wrong with a byte of 7 among sixteen. */
export function openPlanted(name: string): Family {
  return {
    bound: 2 ** 25,
    generate: (random) => Uint8Array.from({ length: 16 }, () => random.below(64)),
    decode: (input, passed) => {
      passed();
      if (input.includes(7)) BUGS[name]!();
    },
    isDeclared: () => false,
  };
}
