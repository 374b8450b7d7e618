import { createHash } from 'node:crypto';
import type { ClassTable } from '../../inference/classTable.js';
import type { OutputKind, OutputRequest } from '../../inference/outputs.js';
import type { Segmentation } from '../../inference/segmenter.js';
import type { Size } from '../../node/maskSize.js';
import type { SourcePicture, Stream } from './pictures.js';

/** What can be written of a picture. */
export const WRITTEN = [
  'mask',
  'confidence',
  'color_mask',
  'overlay',
  'mask_png',
  'groups',
  'label_info',
  'camera_info',
  'image',
] as const;
export type Written = (typeof WRITTEN)[number];

/** A picture on its way, without the bytes, which are the reader's. */
export type FrameHead = Omit<SourcePicture, 'image' | 'message'> & {
  /** A copy of the message that it came in, where that is to be written, too. */
  readonly original: { readonly type: string; readonly data: Uint8Array } | undefined;
};

/** What a sink needs to know of the run. */
export interface SinkPlan {
  readonly path: string;
  /** Of all that makes the run what it is: who has the same can go on with what this one left unfinished. */
  readonly mark: string;
  readonly written: ReadonlySet<Written>;
  readonly classes: ClassTable;
  /** Names and colours of the published ids. */
  readonly labels: readonly {
    readonly id: number;
    readonly name: string;
    readonly color: readonly number[] | 'none';
  }[];
  readonly threshold: number;
  readonly streams: readonly Stream[];
}

/** Where the outputs of a run go. Nothing has its final name before close(). */
export interface Sink {
  /** Frames that an earlier run has written already. */
  readonly resumed: number;
  /** Has an earlier run written this picture's outputs? Asked once for each picture, in their order. */
  has(picture: Pick<SourcePicture, 'stream' | 'time' | 'name'>): boolean;
  /** What is to be drawn of a picture: the mask first. */
  requests(picture: SourcePicture, size: Size): readonly OutputRequest[];
  /** Its outputs, in the order of the requests; their buffers are used again afterwards. */
  write(frame: FrameHead, size: Size, outputs: Segmentation['outputs']): Promise<void>;
  /** Completes it. @throws Error naming file, cause and remedy */
  close(): Promise<void>;
  /** Gives up; what was written stays for a later run, where that can go on with it. */
  leave(): Promise<void>;
}

/** The pictures among what is written, the mask always: its hash is kept. */
export function kindsOf(written: ReadonlySet<Written>): Exclude<OutputKind, 'group'>[] {
  const kinds = (['confidence', 'color_mask', 'overlay', 'mask_png'] as const).filter((kind) =>
    written.has(kind),
  );
  return ['mask', ...kinds];
}

/** The table of frames, CSV: SHA-256 of each one's mask, for people and programs. */
export const FRAME_COLUMNS = 'stream,stamp,sha256_of_mask\n';

/** `mask`: HxW class ids. */
export function frameRow({ name }: Stream, stamp: string, mask: Uint8Array): string {
  return `${name},${stamp},${createHash('sha256').update(mask).digest('hex')}\n`;
}
