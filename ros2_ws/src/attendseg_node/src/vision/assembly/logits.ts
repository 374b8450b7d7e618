/**
 * The inner loops that turn logits into class ids and confidence. Floats, but each operation is IEEE's own, so the same
 * bytes come out on every CPU. Loops step over whole vectors: regions have slack behind them, and rows
 * are written in ascending order.
 */

/** Are `count` floats finite? 0 * x is 0 for those, and not a number for the others. */
export function areFinite(source: usize, count: i32): bool {
  const zero = f32x4.splat(0);
  let sum = zero;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(source), zero));
    source += 16;
  }
  let rest: f32 = 0;
  for (; i < count; i++) {
    rest += load<f32>(source) * 0;
    source += 4;
  }
  return rest == 0 && v128.all_true<i32>(f32x4.eq(sum, zero));
}

/** `count` floats between two rows: above + (below - above) * share. */
export function blendFloats(above: usize, below: usize, share: f32, target: usize, count: i32): void {
  const part = f32x4.splat(share);
  for (let i = 0; i < count; i += 4) {
    const a = v128.load(above);
    v128.store(target, f32x4.add(a, f32x4.mul(f32x4.sub(v128.load(below), a), part)));
    above += 16;
    below += 16;
    target += 16;
  }
}

/**
 * A row between two rows, both with one run of `columns` floats for each class, `channelStride` bytes apart; to rows that
 * are `pitch` bytes apart. Their first and last values are repeated, in front of them and behind.
 */
export function blendPlanes(
  above: usize,
  below: usize,
  channelStride: usize,
  share: f32,
  classes: i32,
  columns: i32,
  target: usize,
  pitch: usize,
): void {
  for (let c = 0; c < classes; c++) {
    blendFloats(above, below, share, target, columns);
    repeatEnds(target, columns);
    above += channelStride;
    below += channelStride;
    target += pitch;
  }
}

/** A row of `columns` groups of a float for each class, to rows as blendPlanes leaves them. */
export function toPlanes(source: usize, classes: i32, columns: i32, target: usize, pitch: usize): void {
  for (let c = 0; c < classes; c++) {
    let from = source + 4 * c;
    for (let x = 0; x < columns; x++) {
      store<f32>(target + 4 * x, load<f32>(from));
      from += 4 * classes;
    }
    repeatEnds(target, columns);
    target += pitch;
  }
}

function repeatEnds(row: usize, columns: i32): void {
  store<f32>(row - 4, load<f32>(row));
  store<f32>(row + 4 * columns, load<f32>(row + 4 * (columns - 1)));
}

/** 2 to the power of four floats, none positive, to 2e-4 of the value; 2^-116 for those below -116. */
function powerOfTwo(x: v128): v128 {
  const power = f32x4.pmax(x, f32x4.splat(-116));
  // So large that its last bit counts ones: the sum is rounded, and the whole part stands in its low bits.
  const large = f32x4.splat(12582912);
  const rounded = f32x4.add(power, large);
  const part = f32x4.sub(power, f32x4.sub(rounded, large));
  // 2^part for -0.5 to 0.5: a cubic through 1 with the least relative error.
  let y = f32x4.add(f32x4.splat(0.24221093), f32x4.mul(part, f32x4.splat(0.05500884)));
  y = f32x4.add(f32x4.splat(0.69328293), f32x4.mul(part, y));
  y = f32x4.add(f32x4.splat(1), f32x4.mul(part, y));
  return i32x4.add(y, i32x4.shl(rounded, 23));
}

/** Four whole numbers as bytes, `advance` bytes apart. */
function storeBytes(values: v128, target: usize, advance: usize): void {
  store<u8>(target, <u8>i32x4.extract_lane(values, 0));
  store<u8>(target + advance, <u8>i32x4.extract_lane(values, 1));
  store<u8>(target + 2 * advance, <u8>i32x4.extract_lane(values, 2));
  store<u8>(target + 3 * advance, <u8>i32x4.extract_lane(values, 3));
}

/** The class of the largest value, the first of equal ones, at four places with this share of the column behind them. */
function winners(row: usize, pitch: usize, classes: i32, share: v128): v128 {
  let best = f32x4.splat(-Infinity);
  let ids = i32x4.splat(0);
  let id = ids;
  for (let c = 0; c < classes; c++) {
    const value = between(row, share);
    const wins = f32x4.gt(value, best);
    best = f32x4.pmax(best, value);
    // A later class's number is larger.
    ids = i32x4.max_s(ids, v128.and(id, wins));
    id = i32x4.add(id, i32x4.splat(1));
    row += pitch;
  }
  return ids;
}

/** 255 times the winner's softmax at the same places, of logits times `sharpness`. */
function certainty(row: usize, pitch: usize, classes: i32, share: v128, sharpness: f32): v128 {
  // e^x is 2^(x / ln 2).
  const sharp = f32x4.splat(sharpness * 1.4426950408889634);
  let best = f32x4.splat(-Infinity);
  for (let c = 0; c < classes; c++) best = f32x4.pmax(best, between(row + <usize>c * pitch, share));
  let sum = f32x4.splat(0);
  for (let c = 0; c < classes; c++) {
    const below = f32x4.sub(between(row + <usize>c * pitch, share), best);
    sum = f32x4.add(sum, powerOfTwo(f32x4.mul(below, sharp)));
  }
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.div(f32x4.splat(255), sum), f32x4.splat(0.5)));
}

/**
 * One row of class ids, each the class of the largest value, the first of equal ones; enlarged `scale` times to the side,
 * linearly, with half-pixel centres.
 * @param rows as blendPlanes leaves them
 * @param columnIds room for one number a column, and one beside them at each end
 * @param confidence where 255 times the winner's softmax goes, of logits times `sharpness`; none if 0
 */
export function strongest(
  rows: usize,
  pitch: usize,
  classes: i32,
  columns: i32,
  scale: i32,
  columnIds: usize,
  labels: usize,
  confidence: usize,
  sharpness: f32,
): void {
  const none = f32x4.splat(0);
  for (let x = 0; x < columns; x += 4)
    v128.store(columnIds + 4 * x, winners(rows + 4 * x, pitch, classes, none));
  store<i32>(columnIds - 4, load<i32>(columnIds));
  store<i32>(columnIds + 4 * columns, load<i32>(columnIds + 4 * (columns - 1)));
  for (let place = 0; place < scale; place++) {
    const at: f32 = (<f32>place + 0.5) / <f32>scale - 0.5;
    const share = f32x4.splat(at < 0 ? at + 1 : at);
    const shift = at < 0 ? -4 : 0;
    for (let x = 0; x < columns; x += 4) {
      const from = rows + shift + 4 * x;
      let ids = v128.load(columnIds + shift + 4 * x);
      // What is largest at both ends is largest between them.
      const isBorder = !v128.all_true<i32>(i32x4.eq(ids, v128.load(columnIds + shift + 4 * x, 4)));
      if (isBorder) ids = winners(from, pitch, classes, share);
      storeBytes(ids, labels + x * scale + place, scale);
      if (!confidence) continue;
      const sure = certainty(from, pitch, classes, share, sharpness);
      storeBytes(sure, confidence + x * scale + place, scale);
    }
  }
}

/** Four floats of a row, each with its share of the one behind it. */
function between(row: usize, share: v128): v128 {
  const left = v128.load(row);
  return f32x4.add(left, f32x4.mul(f32x4.sub(v128.load(row, 4), left), share));
}
