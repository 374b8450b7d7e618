import type { Random } from './random.js';

/** Where lengths, counts and sizes go wrong. */
export const EDGES = [
  0,
  1,
  2,
  7,
  15,
  16,
  17,
  127,
  128,
  255,
  256,
  8192,
  8193,
  32767,
  32768,
  60_000,
  65535,
  65536,
  2 ** 24,
  2 ** 29,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** What is put among the text of any format. */
const TEXT = [
  '-1',
  '1e999',
  '.nan',
  '9223372036854775808',
  '""',
  '[',
  '{',
  '&a [*a]',
  '\0',
  '\t',
  'null',
  ': ',
];

/** What stands for a word of YAML without breaking its syntax. */
const WORDS = [
  '-1',
  '1e999',
  '.nan',
  '9223372036854775808',
  '""',
  '[]',
  '{}',
  '[1, [2]]',
  'null',
  '~',
  '../x',
  '1.5',
  'true',
  '"\\0"',
  '__proto__',
  'constructor',
];

type Change = (bytes: Buffer, random: Random, others: readonly Uint8Array[]) => Buffer;

const CHANGES: readonly Change[] = [
  // A bit, a byte, an integer.
  (bytes, random) => put(bytes, random, (at) => (bytes[at] = bytes[at]! ^ (1 << random.below(8)))),
  (bytes, random) => put(bytes, random, (at) => (bytes[at] = random.below(256))),
  edge,
  edge,
  // Cut, most often near the end.
  (bytes, random) => bytes.subarray(0, bytes.length - 1 - random.below(random.oneIn(2) ? 32 : bytes.length)),
  // Left out, said twice, filled.
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (bytes, random) => bytes.fill(random.pick([0, 255, random.below(256)]), ...range(bytes, random)),
  // Two fields change places.
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    const field = Buffer.from(bytes.subarray(from, to));
    const other = random.below(Math.max(1, bytes.length - field.length));
    bytes.copyWithin(from, other, other + field.length);
    bytes.set(field, other);
    return bytes;
  },
  // The head of one, the tail of another.
  (bytes, random, others) => {
    const other = random.pick(others);
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length)),
      other.subarray(random.below(other.length)),
    ]);
  },
  // A number in a text, or a word among others.
  (bytes, random) => {
    const numbers = [...bytes.subarray(0, 4096).toString('latin1').matchAll(/\d+/g)];
    if (numbers.length === 0) return bytes;
    const { 0: found, index } = random.pick(numbers);
    const word = random.oneIn(3) ? random.pick(TEXT) : String(random.pick(EDGES));
    return Buffer.concat([bytes.subarray(0, index), Buffer.from(word), bytes.subarray(index + found.length)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(TEXT)), bytes.subarray(at)]);
  },
];

/** One of the examples with a few things changed; one in sixty-four stays as it is. */
export function mutate(examples: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(random.pick(examples));
  if (random.oneIn(64)) return bytes;
  for (let left = random.oneIn(2) ? 1 : 1 + random.below(4); left > 0 && bytes.length > 0; left--)
    bytes = random.pick(CHANGES)(bytes, random, examples);
  return bytes;
}

/** The same for a text: words, numbers and lines change, so that most of its syntax stays. */
export function mutateText(examples: readonly Uint8Array[], random: Random): Uint8Array {
  if (random.oneIn(16)) return mutate(examples, random);
  let lines = Buffer.from(random.pick(examples)).toString('latin1').split('\n');
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(lines.length);
    const line = lines[at]!;
    const words = [...line.matchAll(/[\w./-]+/g)];
    const others = random.pick(lines).match(/[\w./-]+/g) ?? ['a'];
    if (random.oneIn(8)) {
      lines = random.oneIn(2) ? lines.toSpliced(at, 1) : lines.toSpliced(at, 0, random.pick(lines));
    } else if (words.length > 0) {
      const { 0: word, index } = random.pick(words);
      const said = random.pick([String(random.pick(EDGES)), random.pick(others), random.pick(WORDS)]);
      lines[at] = line.slice(0, index) + said + line.slice(index + word.length);
    }
    if (lines.length === 0) break;
  }
  return Buffer.from(lines.join('\n'), 'latin1');
}

function put(bytes: Buffer, random: Random, change: (at: number) => void): Buffer {
  change(random.below(bytes.length));
  return bytes;
}

/** Most are short, as fields are. */
function range(bytes: Buffer, random: Random): [number, number] {
  const from = random.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.below(random.oneIn(4) ? bytes.length : 16))];
}

function edge(bytes: Buffer, random: Random): Buffer {
  const size = random.pick([1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  // Fields are aligned in most formats.
  const at = Math.floor(random.below(bytes.length - size + 1) / size) * (random.oneIn(2) ? size : 1);
  const value = BigInt(random.pick(EDGES)) & (2n ** BigInt(8 * size) - 1n);
  for (let i = 0, isLittle = random.oneIn(2); i < size; i++)
    bytes[at + (isLittle ? i : size - 1 - i)] = Number((value >> BigInt(8 * i)) & 255n);
  return bytes;
}
