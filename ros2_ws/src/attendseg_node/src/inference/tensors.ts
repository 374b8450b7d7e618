import type { Tensor } from 'onnxruntime-node';
import { halvesToFloats } from './half.js';

/** Where the values of an output lie: channel c of pixel p at c * channelStride + p * pixelStride. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly channelStride: number;
  readonly pixelStride: number;
}

/**
 * The grid of an output of (1x)CxHxW or (1x)HxWxC; with one channel also HxW. Where both fit, `layout` decides, else
 * channels come first. Undefined if neither fits.
 */
export function gridOf(
  dims: readonly number[],
  channels: number,
  layout?: 'nchw' | 'nhwc',
): Grid | undefined {
  let core = dims.length === 4 && dims[0] === 1 ? dims.slice(1) : dims;
  if (core.length === 2 && channels === 1) core = [1, ...core];
  if (core.length !== 3) return undefined;
  const [first, middle, last] = core as [number, number, number];
  const fits = { nchw: first === channels, nhwc: last === channels };
  // A single channel has no order, so a layout that does not fit its shape says nothing.
  const wanted = layout !== undefined && (channels > 1 || fits[layout]) ? layout : undefined;
  const found = wanted ?? (fits.nchw ? 'nchw' : 'nhwc');
  if (!fits[found]) return undefined;
  return found === 'nchw'
    ? { columns: last, rows: middle, channelStride: middle * last, pixelStride: 1 }
    : { columns: middle, rows: first, channelStride: 1, pixelStride: channels };
}

/** The values of a tensor of floats; undefined for other types. */
export function floatsOf({ type, data }: Pick<Tensor, 'type' | 'data'>): Float32Array | undefined {
  switch (type) {
    case 'float32':
      return data as Float32Array;
    case 'float64':
      return Float32Array.from(data as Float64Array);
    case 'float16': {
      // A Uint16Array, or a Float16Array where Node has one.
      const { buffer, byteOffset, length } = data as Uint16Array;
      return halvesToFloats(new Uint16Array(buffer, byteOffset, length));
    }
    default:
      return undefined;
  }
}

const INTEGERS = new Set(['bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64']);

/** The values of a tensor that may hold class ids: of any integers or floats; undefined for other types. */
export function idsOf(tensor: Pick<Tensor, 'type' | 'data'>): ArrayLike<number | bigint> | undefined {
  return INTEGERS.has(tensor.type) ? (tensor.data as ArrayLike<number | bigint>) : floatsOf(tensor);
}

/** A tensor in words: `float32 1x3x48x64`. */
export function describe(type: string, dims: readonly (number | string)[]): string {
  return `${type} ${dims.map((size) => (size === '' ? '?' : size)).join('x')}`;
}
