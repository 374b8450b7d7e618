import type { CameraFrame } from '../../node/imageMessage.js';
import type { CompressedImage } from '../../vision/compressedImage.js';
import type { RawImage } from '../../vision/rawImage.js';
import type { CameraInfo } from '../../recording/infoMessages.js';

/** One camera of what is segmented: a topic of a bag, or a folder of pictures. */
export interface Stream {
  /** Topic of the pictures; of a folder, its name. */
  readonly name: string;
  /** Before the names of its outputs: a namespace that ends with a slash. */
  readonly namespace: string;
  /** The camera's info, if it has one. */
  readonly info: CameraInfo | undefined;
}

/** A picture with its bytes in JavaScript's memory. */
export type RecordedFrame = CameraFrame<RawImage | CompressedImage>;

/** A picture to be segmented. */
export interface SourcePicture extends RecordedFrame {
  readonly stream: Stream;
  /** When it was recorded, nanoseconds since 1970. */
  readonly time: bigint;
  /** For files that are made of it, without an ending. */
  readonly name: string;
  /** Where it stands, for people. */
  readonly where: string;
  /** The message that it came in, of a bag; memory of the reader. */
  readonly message?: { readonly type: string; readonly data: Uint8Array };
}

/** A picture or message that cannot be used, in one line with its place. */
export interface Unusable {
  readonly problem: string;
}

/** Pictures in the order of recording. A picture's bytes are the reader's, and serve until the next one is asked for. */
export interface PictureSource {
  readonly streams: readonly Stream[];
  /** How many there will be at most, as far as the source says. */
  readonly expected: number | undefined;
  /** What it leaves out, and why: a line each for people. */
  readonly notes: readonly string[];
  pictures(): AsyncGenerator<SourcePicture | Unusable, void, void>;
  /** A stream is not to give any more. */
  leave(stream: Stream): void;
  close(): Promise<void>;
}
