/** Bytes of a picture, without gaps between rows. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** HxW uint8: class ids, or confidence. */
  readonly pixels: Uint8Array;
}

/** Which picture a mask is of. */
export interface FrameId {
  /** Of a bag. */
  readonly topic?: string;
  /** Stamp in seconds, or the file's name. */
  readonly name: string;
}

/** What is found when two recordings of masks are gone through side by side. */
export type Finding =
  | { readonly kind: 'mask' | 'confidence'; readonly frame: FrameId; readonly a: Plane; readonly b: Plane }
  /** Only one of both has it. */
  | {
      readonly kind: 'alone';
      readonly of: 'mask' | 'confidence';
      readonly side: Side;
      readonly frame: FrameId;
    }
  /** A mask that cannot be used: one line, which names it. */
  | { readonly kind: 'unusable'; readonly problem: string };

export type Side = 'A' | 'B';

/** Two recordings of masks, bags or folders. */
export interface MaskPairs {
  /** In the order of their stamps or names, camera by camera; at most a few masks are held. */
  findings(): AsyncGenerator<Finding, void, void>;
  /** Names of the ids by what A says, then B; undefined if neither does. */
  names(): Promise<NamedIds | undefined>;
  /** What could not be read, complete when the findings have come to their end. */
  problems(): readonly string[];
  close(): Promise<void>;
}

export interface NamedIds {
  readonly names: ReadonlyMap<number, string>;
  /** Ids that mean one thing in A and another in B: a line each. */
  readonly contradictions: readonly string[];
}

/** For people. */
export function frameText({ topic, name }: FrameId): string {
  return topic === undefined ? name : `${topic} ${name}`;
}
