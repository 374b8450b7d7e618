import { CdrWriter, EncapsulationKind } from '@foxglove/cdr';
import type { Stamp } from './cdr.js';

interface Header {
  readonly stamp: Stamp;
  readonly frame_id: string;
}

/** sensor_msgs/msg/CameraInfo as a plain object. */
export interface CameraInfo {
  readonly header: Header;
  readonly height: number;
  readonly width: number;
  readonly distortion_model: string;
  readonly d: ArrayLike<number>;
  /** 3x3 */
  readonly k: ArrayLike<number>;
  /** 3x3 */
  readonly r: ArrayLike<number>;
  /** 3x4 */
  readonly p: ArrayLike<number>;
  readonly binning_x: number;
  readonly binning_y: number;
  readonly roi: {
    readonly x_offset: number;
    readonly y_offset: number;
    readonly height: number;
    readonly width: number;
    readonly do_rectify: boolean;
  };
}

/** Serialises it as CDR, little endian. @throws RangeError if a matrix has not its size */
export function cameraInfoCdr(info: CameraInfo): Uint8Array {
  const { header, roi } = info;
  const out = begin(header);
  text(out.uint32(info.height).uint32(info.width), info.distortion_model);
  out.float64Array(Float64Array.from(info.d), true);
  for (const [name, size] of [
    ['k', 9],
    ['r', 9],
    ['p', 12],
  ] as const) {
    const matrix = info[name];
    if (matrix.length !== size)
      throw new RangeError(`CameraInfo.${name} has ${matrix.length} of ${size} values`);
    out.float64Array(Float64Array.from(matrix));
  }
  out.uint32(info.binning_x).uint32(info.binning_y);
  out.uint32(roi.x_offset).uint32(roi.y_offset).uint32(roi.height).uint32(roi.width);
  return out.uint8(Number(roi.do_rectify)).data;
}

/** vision_msgs/msg/LabelInfo as a plain object. */
export interface LabelInfo {
  readonly header: Header;
  readonly class_map: readonly { readonly class_id: number; readonly class_name: string }[];
  readonly threshold: number;
}

/** Serialises it as CDR, little endian. */
export function labelInfoCdr({ header, class_map, threshold }: LabelInfo): Uint8Array {
  const out = begin(header);
  out.sequenceLength(class_map.length);
  for (const { class_id, class_name } of class_map) text(out.uint16(class_id), class_name);
  return out.float32(threshold).data;
}

/** diagnostic_msgs/msg/DiagnosticStatus as a plain object. */
export interface DiagnosticStatus {
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly hardware_id: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

/** diagnostic_msgs/msg/DiagnosticArray as a plain object. */
export interface DiagnosticArray {
  readonly header: Header;
  readonly status: readonly DiagnosticStatus[];
}

/** Serialises it as CDR, little endian. */
export function diagnosticArrayCdr({ header, status }: DiagnosticArray): Uint8Array {
  const out = begin(header).sequenceLength(status.length);
  for (const { level, name, message, hardware_id, values } of status) {
    text(text(text(out.uint8(level), name), message), hardware_id).sequenceLength(values.length);
    for (const { key, value } of values) text(text(out, key), value);
  }
  return out.data;
}

/** A message that begins with this header, little endian. */
function begin({ stamp, frame_id }: Header): CdrWriter {
  const out = new CdrWriter({ kind: EncapsulationKind.CDR_LE });
  return text(out.int32(stamp.sec).uint32(stamp.nanosec), frame_id);
}

/** A string. CdrWriter's own takes characters for bytes, and cuts off a name with an umlaut. */
function text(out: CdrWriter, value: string): CdrWriter {
  return out.uint8Array(Buffer.from(`${value}\0`), true);
}
