/**
 * What is wrong with an image:
 * `encoding` unknown or unsupported, `depth` a depth picture rather than a colour one, `size` width or height,
 * `step` too few bytes a row, `data` too few bytes altogether.
 */
export type ImageErrorReason = 'encoding' | 'depth' | 'size' | 'step' | 'data';

/**
 * An image that cannot be used, through no fault of this program. The message is one line: the thing, the cause, the
 * remedy. It stays the same from frame to frame of one camera, so that it can be logged once.
 */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: ImageErrorReason;

  constructor(reason: ImageErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
