import type { CameraInfo } from '../recording/infoMessages.js';
import type { Stamp } from '../recording/cdr.js';
import type { Size } from './maskSize.js';

/**
 * The camera's info for a mask of its picture: of the mask's size, without binning and region of interest, which are
 * worked into the matrices. Pixel centres are at whole coordinates, as in OpenCV, so a centre c becomes
 * (c - offset + 1/2) * scale - 1/2. Distortion and rotation do not depend on size.
 */
export function scaleCameraInfo(info: CameraInfo, mask: Size, stamp: Stamp): CameraInfo {
  const { roi } = info;
  // A region of no size is the whole picture. Binning only makes the picture smaller than the region: the mask shows it all.
  const whole = roi.width === 0 || roi.height === 0;
  const [x0, y0] = whole ? [0, 0] : [roi.x_offset, roi.y_offset];
  const sx = mask.width / (whole ? info.width : roi.width);
  const sy = mask.height / (whole ? info.height : roi.height);
  const rows = (matrix: ArrayLike<number>, columns: number): number[] => {
    const result = Array.from(matrix);
    const centre = (value: number, offset: number, scale: number): number =>
      (value - offset + 0.5) * scale - 0.5;
    for (let column = 0; column < columns; column++) {
      result[column]! *= sx;
      result[columns + column]! *= sy;
    }
    result[2] = centre(matrix[2]!, x0, sx);
    result[columns + 2] = centre(matrix[columns + 2]!, y0, sy);
    return result;
  };
  // A matrix that is all zeros says that the camera is not calibrated, or not for that.
  const isSet = (matrix: ArrayLike<number>): boolean => matrix[0] !== 0;
  return {
    header: { stamp, frame_id: info.header.frame_id },
    height: mask.height,
    width: mask.width,
    distortion_model: info.distortion_model,
    d: Array.from(info.d),
    k: isSet(info.k) ? rows(info.k, 3) : Array.from(info.k),
    r: Array.from(info.r),
    p: isSet(info.p) ? rows(info.p, 4) : Array.from(info.p),
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: roi.do_rectify },
  };
}
