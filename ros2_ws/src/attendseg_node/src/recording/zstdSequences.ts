/**
 * How much a compressed zstd block unpacks to, from its sequences alone; nothing is unpacked. Source: RFC 8878, 3.1.1.3
 * and 4.1. A decompressor in JavaScript believes the lengths of a damaged block, and copies for minutes.
 */

/** A table of finite state entropy: for each state its symbol, and how to come to the next. */
interface Table {
  /** Bits of a state. */
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** Of a block's sequences, in the order of their description; a later block may use them again. */
export type Tables = readonly [literals: Table, offsets: Table, matches: Table];

interface Kind {
  /** The largest code. */
  readonly most: number;
  /** Bits of a state, at most. */
  readonly log: number;
  readonly standard: Table;
}

const damaged = (what: string): Error => new Error(`a zstd block is damaged: ${what}`);

/** Bits behind the codes of lengths, and where each code's lengths begin. */
const LITERAL_BITS = [
  ...Array<number>(16).fill(0),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
];
const MATCH_BITS = [
  ...Array<number>(32).fill(0),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  4,
  5,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
];
const LITERAL_BASES = basesOf(LITERAL_BITS, 0);
const MATCH_BASES = basesOf(MATCH_BITS, 3);

const KINDS: readonly [Kind, Kind, Kind] = [
  {
    most: 35,
    log: 9,
    standard: tableOf(
      6,
      [
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1,
        -1, -1, -1,
      ],
    ),
  },
  {
    most: 31,
    log: 8,
    standard: tableOf(
      5,
      [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    ),
  },
  {
    most: 52,
    log: 9,
    standard: tableOf(6, [
      1,
      4,
      3,
      2,
      2,
      2,
      2,
      2,
      2,
      ...Array<number>(37).fill(1),
      ...Array<number>(7).fill(-1),
    ]),
  },
];

/** Of the weights of Huffman codes. */
const WEIGHTS = { most: 255, log: 6 } as const;

/**
 * Checks a compressed block's literals and sequences.
 * @param most bytes that it may unpack to
 * @param before tables of the block before, in the same frame
 * @returns bytes that it unpacks to; and its own tables, or those of the block before where it has no sequences
 * @throws Error that says what is wrong
 */
export function checkBlock(
  block: Uint8Array,
  most: number,
  before: Tables | undefined,
): { readonly size: number; readonly tables: Tables | undefined } {
  const { end, size } = literalsOf(block);
  if (size > most) throw damaged(`${size} bytes of literals, at most ${most} are allowed`);
  let at = end;
  const next = (): number => {
    if (at >= block.length) throw damaged('it is cut');
    return block[at++]!;
  };
  const first = next();
  if (first === 0) return { size, tables: before };
  let count = first;
  if (first === 255) count = next() + (next() << 8) + 0x7f00;
  else if (first > 127) count = ((first - 128) << 8) + next();
  const modes = next();
  const tables = KINDS.map((kind, i) => {
    const mode = (modes >> (6 - 2 * i)) & 3;
    if (mode === 0) return kind.standard;
    if (mode === 1) return onlyOf(next(), kind.most);
    if (mode === 3) {
      if (before === undefined) throw damaged('it refers to tables of no block before');
      return before[i]!;
    }
    const described = readTable(block.subarray(at), kind);
    at += described.length;
    return described.table;
  }) as unknown as Tables;
  const unpacked = lengthOf(block.subarray(at), count, tables, size, most);
  if (unpacked > most) throw damaged(`it unpacks to more than the ${most} bytes that are allowed`);
  return { size: unpacked, tables };
}

/** Where the literals end, and how many there are unpacked. @throws Error that says what is wrong */
function literalsOf(block: Uint8Array): { readonly end: number; readonly size: number } {
  const first = block[0] ?? 0;
  const [type, format] = [first & 3, (first >> 2) & 3];
  const isPacked = type > 1;
  const header = isPacked ? [3, 3, 4, 5][format]! : [1, 2, 1, 3][format]!;
  if (header > block.length) throw damaged('it is cut');
  let value = 0;
  for (let i = header; i-- > 0;) value = value * 256 + block[i]!;
  if (!isPacked) {
    const size = Math.floor(value / (header === 1 ? 8 : 16));
    return { end: header + (type === 0 ? size : 1), size };
  }
  const scale = 2 ** [10, 10, 14, 18][format]!;
  const sizes = Math.floor(value / 16);
  const [size, packed] = [sizes % scale, Math.floor(sizes / scale)];
  if (header + packed > block.length) throw damaged('it is cut');
  if (type === 2) checkWeights(block.subarray(header, header + packed));
  return { end: header + packed, size };
}

/** Of Huffman codes: packed weights where one takes every state never end. @throws Error that says so */
function checkWeights(tree: Uint8Array): void {
  const bytes = tree[0] ?? 0;
  if (bytes >= 128) return;
  const { table } = readTable(tree.subarray(1, 1 + bytes), WEIGHTS);
  if (table.bits.every((bits) => bits === 0)) throw damaged('its Huffman codes never end');
}

/** Where a code's lengths begin: each behind those of the code before. */
function basesOf(bits: readonly number[], first: number): number[] {
  let base = first;
  return bits.map((count) => {
    const begin = base;
    base += 2 ** count;
    return begin;
  });
}

/** The table of a symbol that is the only one: its states take no bits. */
function onlyOf(symbol: number, most: number): Table {
  if (symbol > most) throw damaged(`code ${symbol} is more than ${most}`);
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Shares of a table's states, from its description; -1 stands for less than one. @throws Error that says what is wrong */
function readTable(
  bytes: Uint8Array,
  { most, log: longest }: Pick<Kind, 'most' | 'log'>,
): { readonly table: Table; readonly length: number } {
  let bit = 4;
  const peek = (count: number): number => {
    if (bit + count > 8 * bytes.length + 16) throw damaged('a table is cut');
    const at = bit >> 3;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    return (word >> (bit & 7)) & (2 ** count - 1);
  };
  const log = ((bytes[0] ?? 0) % 16) + 5;
  if (log > longest) throw damaged(`a table has states of ${log} bits, at most ${longest} are allowed`);
  const shares: number[] = [];
  let left = 2 ** log;
  while (left > 0) {
    // One of left + 2 values, of which the smallest take a bit less.
    const count = 32 - Math.clz32(left + 1);
    const short = 2 ** count - left - 2;
    const half = 2 ** (count - 1);
    let value = peek(count);
    if (value % half < short) {
      value %= half;
      bit += count - 1;
    } else {
      if (value >= half) value -= short;
      bit += count;
    }
    const share = value - 1;
    shares.push(share);
    left -= Math.abs(share);
    while (share === 0) {
      const zeros = peek(2);
      bit += 2;
      for (let i = 0; i < zeros; i++) shares.push(0);
      if (zeros < 3) break;
    }
    if (shares.length > most + 1) throw damaged(`a table has more than ${most + 1} codes`);
  }
  const length = (bit + 7) >> 3;
  if (left < 0 || length > bytes.length) throw damaged('the shares of a table are wrong');
  return { table: tableOf(log, shares), length };
}

function tableOf(log: number, shares: readonly number[]): Table {
  const size = 2 ** log;
  const symbols = new Uint8Array(size);
  const next = shares.map(Math.abs);
  let high = size;
  shares.forEach((share, symbol) => {
    if (share < 0) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  shares.forEach((share, symbol) => {
    for (let i = 0; i < share; i++) {
      symbols[at] = symbol;
      do at = (at + step) % size;
      while (at >= high);
    }
  });
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  symbols.forEach((symbol, state) => {
    const number = next[symbol]!++;
    bits[state] = log - (31 - Math.clz32(number));
    bases[state] = number * 2 ** bits[state] - size;
  });
  return { log, symbols, bits, bases };
}

/**
 * Bytes that all sequences and literals make; more than `most` as soon as that is sure.
 * @param stream read from its end
 * @throws Error that says what is wrong
 */
function lengthOf(stream: Uint8Array, count: number, tables: Tables, literals: number, most: number): number {
  const last = stream.at(-1) ?? 0;
  if (last === 0) throw damaged('its sequences have no end');
  const [literal, offset, match] = tables;
  // Behind the topmost bit.
  let left = 8 * stream.length - 8 + (31 - Math.clz32(last));
  const read = (bits: number): number => {
    left -= bits;
    if (left < 0) throw damaged('its sequences are cut');
    const at = left >> 3;
    const word = stream[at]! | ((stream[at + 1] ?? 0) << 8) | ((stream[at + 2] ?? 0) << 16);
    return (word >> (left & 7)) & ((1 << bits) - 1);
  };
  let [l, o, m] = [read(literal.log), read(offset.log), read(match.log)];
  let [copied, taken] = [0, 0];
  for (let i = 1; ; i++) {
    // How far an offset reaches costs no time: its bits are passed over.
    left -= offset.symbols[o]!;
    const matchCode = match.symbols[m]!;
    copied += MATCH_BASES[matchCode]! + read(MATCH_BITS[matchCode]!);
    const literalCode = literal.symbols[l]!;
    taken += LITERAL_BASES[literalCode]! + read(LITERAL_BITS[literalCode]!);
    if (taken > literals) throw damaged('its sequences take more literals than it has');
    if (literals + copied > most) return literals + copied;
    if (i === count) break;
    l = literal.bases[l]! + read(literal.bits[l]!);
    m = match.bases[m]! + read(match.bits[m]!);
    o = offset.bases[o]! + read(offset.bits[o]!);
  }
  if (left !== 0) throw damaged('something is left behind its sequences');
  return literals + copied;
}
