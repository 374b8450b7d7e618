/** How a picture is fitted into the network's input: keeping its shape, with bars, or filling it. */
export type Fit = 'letterbox' | 'stretch';

/**
 * Where a picture lies in the network's input, in whole pixels. Both ways use the same rectangle, edge to edge: the
 * picture is resized into it, and labels are read back out of it. So the inverse is exact, whatever the rounding.
 */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly networkWidth: number;
  readonly networkHeight: number;
}

/**
 * Places a picture of width x height pixels in an input of networkWidth x networkHeight: `letterbox` as large as fits
 * in its own shape, centred (the odd pixel of a bar goes right or below), and at least one pixel wide and high.
 */
export function place(
  width: number,
  height: number,
  networkWidth: number,
  networkHeight: number,
  fit: Fit,
): Placement {
  let [placedWidth, placedHeight] = [networkWidth, networkHeight];
  if (fit === 'letterbox') {
    if (width * networkHeight >= height * networkWidth) {
      placedHeight = Math.max(1, Math.round((height * networkWidth) / width));
    } else {
      placedWidth = Math.max(1, Math.round((width * networkHeight) / height));
    }
  }
  return {
    x: (networkWidth - placedWidth) >> 1,
    y: (networkHeight - placedHeight) >> 1,
    width: placedWidth,
    height: placedHeight,
    networkWidth,
    networkHeight,
  };
}
