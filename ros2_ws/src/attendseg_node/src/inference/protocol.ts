/** What the threads say to each other. Buffers are transferred and come back to their sender's pool. */
import type { MessagePort } from 'node:worker_threads';
import type { CompressedPicture } from '../vision/compressedImage.js';
import type { ImageErrorReason } from '../vision/imageError.js';
import type { Fit } from '../vision/letterbox.js';
import type { RawImage } from '../vision/rawImage.js';
import type { ClassTable } from './classTable.js';
import type { Manifest, ModelFile } from './manifest.js';
import type { Output } from './outputs.js';
import type { Provider } from './providers.js';

/** Milliseconds of each stage inside the workers. */
export interface WorkerTimes {
  readonly prepare: number;
  readonly run: number;
  readonly finish: number;
}

/** A picture that was checked, but for its bytes: of pixels, or of a file. */
export type PictureHeader = Omit<RawImage, 'data' | 'bitDepth'> | Omit<CompressedPicture, 'data'>;

/** A camera's frame as it crosses to the pixel worker. */
export interface FrameMessage {
  readonly ticket: number;
  readonly image: PictureHeader;
  readonly data: ArrayBuffer;
  /** Of `data` that are the picture's. */
  readonly bytes: number;
  readonly look: FrameLook;
  readonly outputs: readonly Output[];
}

/** How a frame is to be segmented and shown. */
export interface FrameLook {
  /** How many low bits of 16-bit samples the camera fills, 8-16; all 16 if left out. Not of files. */
  readonly bitDepth?: number;
  readonly fit: Fit;
  /** Of the class colours in the overlay, 0-1. */
  readonly opacity: number;
  /** Whether the overlay names the classes in its corner; not if left out. */
  readonly legend?: boolean;
  /** Labels less certain than this (0-1) come out as unlabelled; 0 if left out. */
  readonly threshold?: number;
  /** How much of its certainty a label keeps from frame to frame, 0-1; 0, which is off, if left out. */
  readonly smoothing?: number;
  /** Whose frames are smoothed with each other. */
  readonly camera?: string;
}

/** How classes come out in the frames that follow. */
export interface ClassesMessage {
  readonly classes: ClassTable;
}

export type FrameResult =
  | {
      readonly type: 'done';
      readonly ticket: number;
      readonly data: ArrayBuffer;
      readonly outputs: readonly Output[];
      readonly times: WorkerTimes;
      /** The largest sample of an image of 16 bits a sample, scaled to 0-255; 255 for others. */
      readonly brightest: number;
      /** Whether the network answered with numbers only, none of them infinite. */
      readonly finite: boolean;
    }
  | {
      readonly type: 'failed';
      readonly ticket: number;
      readonly data: ArrayBuffer;
      readonly outputs: readonly Output[];
      /** What is wrong with the picture, if that is the cause. */
      readonly reason: ImageErrorReason | undefined;
      readonly message: string;
    };

/** Network input on its way to the session, and what comes back. All of network size. */
export interface RunMessage {
  readonly ticket: number;
  /** HxWx3 uint8 RGB */
  readonly input: ArrayBuffer;
  /** HxW uint8, to be filled */
  readonly labels: ArrayBuffer;
  /** The same, if an output needs it */
  readonly confidence: ArrayBuffer | undefined;
}

/** What is transferred along with such a message. */
export function buffersOf({ input, labels, confidence }: RunMessage): ArrayBuffer[] {
  return confidence === undefined ? [input, labels] : [input, labels, confidence];
}

export type RunResult = RunMessage &
  ({ readonly run: number; readonly finite: boolean } | { readonly error: string });

export interface PixelWorkerData {
  readonly port: MessagePort;
  readonly width: number;
  readonly height: number;
  readonly classes: ClassTable;
}

export interface SessionWorkerData {
  readonly port: MessagePort;
  readonly manifest: Manifest;
  readonly model: Uint8Array;
  readonly file: ModelFile;
  readonly provider: Provider;
  readonly threads: number;
  readonly engine: string | undefined;
  /** The file for the CPU that an engine is checked with. */
  readonly reference: Uint8Array | undefined;
}
export type SessionReport =
  { readonly type: 'ready'; readonly warmUp: number } | { readonly type: 'error'; readonly message: string };

/** Asks either worker to end by itself, after its run: terminate() during one would abort the process. */
export const CLOSE = 'close';
