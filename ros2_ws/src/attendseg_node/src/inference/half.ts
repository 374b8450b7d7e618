/** IEEE 754 half precision, which the JavaScript of Node 20 does not know: its bits are a uint16. */

/** The bits of the half that is nearest (ties to even); beyond 65504 that is infinity. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Half-way from 65504, the greatest half, to the next power of two.
  if (size >= 65520) return sign | 0x7c00;
  // Below 2^-14 halves are 2^-24 apart; elsewhere 1024 of them lie between powers of two.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = size / 2 ** (exponent - 10);
  const down = Math.floor(steps);
  const rest = steps - down;
  const rounded = down + (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? 1 : 0);
  return sign | ((exponent + 14) * 1024 + rounded);
}

let table: Float32Array | undefined;

/** What halves, given as their bits, are. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, half) => halfValue(half));
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = table[halves[i]!]!;
  return result;
}

function halfValue(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
