/**
 * The inner loops of src/vision, in AssemblyScript with SIMD: each works on rows of bytes at addresses that the
 * TypeScript side hands out. There is no allocation, no state and no floating point: the same bytes come out on
 * every CPU.
 *
 * Loops step over whole vectors. They may read and write up to 32 bytes past the end of a row, so every region has
 * that much slack behind it (see Arena), and rows are written in ascending order: the next row overwrites the excess.
 */

/** Copies `groups` groups of bytes; `mask` (16 bytes) picks the bytes of a group, as i8x16.swizzle does. */
export function gather(
  source: usize,
  sourceAdvance: usize,
  target: usize,
  targetAdvance: usize,
  mask: usize,
  groups: i32,
): void {
  const pick = v128.load(mask);
  for (let i = 0; i < groups; i++) {
    v128.store(target, i8x16.swizzle(v128.load(source), pick));
    source += sourceAdvance;
    target += targetAdvance;
  }
}

/** As gather, from two sources at a time: `masks` has one of 16 bytes for each; an index of 255 leaves the byte to the other. */
export function gatherTwo(
  first: usize,
  firstAdvance: usize,
  second: usize,
  secondAdvance: usize,
  target: usize,
  targetAdvance: usize,
  masks: usize,
  groups: i32,
): void {
  const pickFirst = v128.load(masks);
  const pickSecond = v128.load(masks, 16);
  for (let i = 0; i < groups; i++) {
    const a = i8x16.swizzle(v128.load(first), pickFirst);
    v128.store(target, v128.or(a, i8x16.swizzle(v128.load(second), pickSecond)));
    first += firstAdvance;
    second += secondAdvance;
    target += targetAdvance;
  }
}

/**
 * Samples of 16 bits to 8: shifted right by `shift` and saturated; `swap` is 1 where the high byte comes first. `target`
 * may be `source`. Returns the largest of the results.
 */
export function narrow(source: usize, target: usize, samples: i32, shift: i32, swap: i32): i32 {
  const most = i16x8.splat(255);
  let largest = i16x8.splat(0);
  let i = 0;
  for (; i + 8 <= samples; i += 8) {
    let values = v128.load(source);
    if (swap) values = v128.or(i16x8.shl(values, 8), i16x8.shr_u(values, 8));
    values = i16x8.min_u(i16x8.shr_u(values, shift), most);
    largest = i16x8.max_u(largest, values);
    v128.store64_lane(target, i8x16.narrow_i16x8_u(values, values), 0);
    source += 16;
    target += 8;
  }
  let result = 0;
  // The rest one by one: what lies behind them must not count.
  for (; i < samples; i++) {
    let value: i32 = load<u16>(source);
    if (swap) value = ((value << 8) | (value >> 8)) & 0xffff;
    value = min(value >> shift, 255);
    result = max(result, value);
    store<u8>(target, <u8>value);
    source += 2;
    target += 1;
  }
  largest = i16x8.max_u(
    largest,
    i8x16.shuffle(largest, largest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
  );
  largest = i16x8.max_u(
    largest,
    i8x16.shuffle(largest, largest, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3),
  );
  result = max(result, max<i32>(i16x8.extract_lane_u(largest, 0), i16x8.extract_lane_u(largest, 1)));
  return result;
}

/** Stores eight pixels, given as eight 16-bit values a channel, as RGB bytes, saturated to 0..255. */
function storeRgb(target: usize, r: v128, g: v128, b: v128): void {
  const rg = i8x16.narrow_i16x8_u(r, g);
  const bb = i8x16.narrow_i16x8_u(b, b);
  v128.store(target, i8x16.shuffle(rg, bb, 0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5));
  const rest = i8x16.shuffle(rg, bb, 13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0);
  v128.store64_lane(target + 16, rest, 0);
}

/** (low, high) hold 20-bit fixed-point values: shifts them down and narrows them to eight 16-bit ones. */
function narrow20(low: v128, high: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, 20), i32x4.shr_s(high, 20));
}

/**
 * One row of Y, U, V bytes, pixel by pixel, to RGB: BT.601 limited range, with the coefficients and the rounding of
 * OpenCV's COLOR_YUV2RGB_* (modules/imgproc/src/color_yuv.simd.hpp, ITUR_BT_601_*, 20-bit fixed point).
 */
export function yuvRow(source: usize, target: usize, pixels: i32): void {
  const half = i32x4.splat(1 << 19);
  for (let i = 0; i < pixels; i += 8) {
    // Bytes 0 to 15 and 8 to 23 of the eight pixels.
    const a = v128.load(source);
    const b = v128.load(source, 8);
    const ys = i8x16.shuffle(a, b, 0, 3, 6, 9, 12, 15, 26, 29, 0, 0, 0, 0, 0, 0, 0, 0);
    const us = i8x16.shuffle(a, b, 1, 4, 7, 10, 13, 24, 27, 30, 0, 0, 0, 0, 0, 0, 0, 0);
    const vs = i8x16.shuffle(a, b, 2, 5, 8, 11, 14, 25, 28, 31, 0, 0, 0, 0, 0, 0, 0, 0);
    const y = i16x8.sub_sat_u(i16x8.extend_low_i8x16_u(ys), i16x8.splat(16));
    const u = i16x8.sub(i16x8.extend_low_i8x16_u(us), i16x8.splat(128));
    const v = i16x8.sub(i16x8.extend_low_i8x16_u(vs), i16x8.splat(128));

    const y0 = i32x4.add(i32x4.mul(i32x4.extend_low_i16x8_s(y), i32x4.splat(1220542)), half);
    const y1 = i32x4.add(i32x4.mul(i32x4.extend_high_i16x8_s(y), i32x4.splat(1220542)), half);
    const u0 = i32x4.extend_low_i16x8_s(u);
    const u1 = i32x4.extend_high_i16x8_s(u);
    const v0 = i32x4.extend_low_i16x8_s(v);
    const v1 = i32x4.extend_high_i16x8_s(v);

    const red = narrow20(
      i32x4.add(y0, i32x4.mul(v0, i32x4.splat(1673527))),
      i32x4.add(y1, i32x4.mul(v1, i32x4.splat(1673527))),
    );
    const green = narrow20(
      i32x4.sub(y0, i32x4.add(i32x4.mul(v0, i32x4.splat(852492)), i32x4.mul(u0, i32x4.splat(409993)))),
      i32x4.sub(y1, i32x4.add(i32x4.mul(v1, i32x4.splat(852492)), i32x4.mul(u1, i32x4.splat(409993)))),
    );
    const blue = narrow20(
      i32x4.add(y0, i32x4.mul(u0, i32x4.splat(2116026))),
      i32x4.add(y1, i32x4.mul(u1, i32x4.splat(2116026))),
    );
    storeRgb(target, red, green, blue);
    source += 24;
    target += 24;
  }
}

/** The byte before a row and the one after it, mirrored about the row's first and last pixel: the mosaic goes on. */
function mirrorEnds(row: usize, width: usize): void {
  store<u8>(row - 1, load<u8>(row + 1));
  store<u8>(row + width, load<u8>(row + width - 2));
}

/**
 * One row of a Bayer mosaic (8 bits) to RGB, bilinear. `above` and `below` are the neighbouring rows; each row has a
 * spare byte on either side. `site` is the column parity, in this row, of its red pixels if `redRow`, else of its
 * blue ones; the other pixels are green.
 */
export function bayerRow(
  above: usize,
  row: usize,
  below: usize,
  target: usize,
  width: i32,
  site: i32,
  redRow: i32,
): void {
  mirrorEnds(above, width);
  mirrorEnds(row, width);
  mirrorEnds(below, width);
  const atSite = i32x4.splat(site ? 0xffff0000 : 0x0000ffff);
  const two = i16x8.splat(2);
  for (let x = 0; x < width; x += 8) {
    const centre = v128.load8x8_u(row);
    const w = v128.load8x8_u(row - 1);
    const e = v128.load8x8_u(row + 1);
    const n = v128.load8x8_u(above);
    const s = v128.load8x8_u(below);
    const west = i16x8.add(v128.load8x8_u(above - 1), v128.load8x8_u(below - 1));
    const east = i16x8.add(v128.load8x8_u(above + 1), v128.load8x8_u(below + 1));
    const diagonal = i16x8.shr_u(i16x8.add(i16x8.add(west, east), two), 2);
    const cross = i16x8.shr_u(i16x8.add(i16x8.add(i16x8.add(w, e), i16x8.add(n, s)), two), 2);

    const own = v128.bitselect(centre, i16x8.avgr_u(w, e), atSite);
    const green = v128.bitselect(cross, centre, atSite);
    const other = v128.bitselect(diagonal, i16x8.avgr_u(n, s), atSite);
    if (redRow) storeRgb(target, own, green, other);
    else storeRgb(target, other, green, own);
    above += 8;
    row += 8;
    below += 8;
    target += 24;
  }
}

/**
 * The vertical half of a resize: the weighted sum of `taps` (even) consecutive rows of bytes, `pitch` apart. Weights
 * are 16-bit and add up to 2^14; the result has 16 bits a byte, scaled by 2^7.
 */
export function filterColumns(
  source: usize,
  pitch: usize,
  weights: usize,
  taps: i32,
  target: usize,
  bytes: i32,
): void {
  const half = i32x4.splat(64);
  const end = weights + 2 * taps;
  for (let x = 0; x < bytes; x += 16) {
    let sum0 = half;
    let sum1 = half;
    let sum2 = half;
    let sum3 = half;
    let row = source + x;
    for (let at = weights; at < end; at += 4) {
      const a = v128.load(row);
      const b = v128.load(row + pitch);
      const pair = v128.load32_splat(at);
      const low = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const high = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      sum0 = i32x4.add(sum0, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(low), pair));
      sum1 = i32x4.add(sum1, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(low), pair));
      sum2 = i32x4.add(sum2, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(high), pair));
      sum3 = i32x4.add(sum3, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(high), pair));
      row += 2 * pitch;
    }
    v128.store(target, i16x8.narrow_i32x4_s(i32x4.shr_s(sum0, 7), i32x4.shr_s(sum1, 7)));
    v128.store(target, i16x8.narrow_i32x4_s(i32x4.shr_s(sum2, 7), i32x4.shr_s(sum3, 7)), 16);
    target += 32;
  }
}

/**
 * The horizontal half: a row of filterColumns (RGB, 16 bits a channel) to `pixels` RGB pixels of bytes. Pixel i is
 * the weighted sum of `taps` (even) source pixels from the i-th of `firsts` (32-bit) on.
 */
export function filterRow(
  source: usize,
  firsts: usize,
  weights: usize,
  taps: i32,
  target: usize,
  pixels: i32,
): void {
  const half = i32x4.splat(1 << 20);
  for (let i = 0; i < pixels; i++) {
    let sum = half;
    let at = source + 6 * load<u32>(firsts);
    const end = weights + 2 * taps;
    while (weights < end) {
      const two = v128.load(at);
      const pairs = i8x16.shuffle(two, two, 0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 0, 1, 0, 1);
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(pairs, v128.load32_splat(weights)));
      at += 12;
      weights += 4;
    }
    const bytes = i32x4.shr_s(sum, 21);
    v128.store32_lane(
      target,
      i8x16.shuffle(bytes, bytes, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      0,
    );
    firsts += 4;
    target += 3;
  }
}

/**
 * One row of labels to a wider or narrower row: label i fills the bytes from the i-th to the next of `starts`
 * (32-bit, count + 1 of them) with its pattern, 16 bytes of `patterns`, every `advance` bytes.
 */
export function expandRow(
  labels: usize,
  count: i32,
  starts: usize,
  patterns: usize,
  advance: usize,
  target: usize,
): void {
  for (let i = 0; i < count; i++) {
    const pattern = v128.load(patterns + 16 * <usize>load<u8>(labels + i));
    let at = target + load<u32>(starts);
    starts += 4;
    const end = target + load<u32>(starts);
    do {
      v128.store(at, pattern);
      at += advance;
    } while (at < end);
  }
}

/** round(x / 255) of eight 16-bit x up to 255 * 255. */
function divide255(x: v128): v128 {
  const biased = i16x8.add(x, i16x8.splat(128));
  return i16x8.shr_u(i16x8.add(biased, i16x8.shr_u(biased, 8)), 8);
}

/** Alpha blending, byte by byte: tint + round(source * keep / 255). */
export function blendRow(source: usize, tint: usize, keep: usize, target: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i += 16) {
    const a = v128.load(source + i);
    const k = v128.load(keep + i);
    const low = divide255(i16x8.extmul_low_i8x16_u(a, k));
    const high = divide255(i16x8.extmul_high_i8x16_u(a, k));
    v128.store(target + i, i8x16.add(v128.load(tint + i), i8x16.narrow_i16x8_u(low, high)));
  }
}
