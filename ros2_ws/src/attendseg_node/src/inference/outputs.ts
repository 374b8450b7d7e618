import type { ClassTable } from './classTable.js';
import { type Legend, pasteLegend } from '../vision/legend.js';
import type { Placement } from '../vision/letterbox.js';
import type { PixelEngine } from '../vision/pixelEngine.js';
import type { RawImage } from '../vision/rawImage.js';

/** A picture to make of a frame; its pixels begin `headroom` bytes into its buffer, room for a message header. */
export interface OutputRequest {
  readonly kind: OutputKind;
  /** Its name, of a group. */
  readonly group?: string;
  readonly width: number;
  readonly height: number;
  readonly headroom: number;
}

export interface Output extends OutputRequest {
  readonly buffer: ArrayBuffer;
  /** Of the file, from `headroom` on, where the pixels were packed into one. */
  readonly packedBytes?: number;
}

/** What an output is drawn from; label maps are of the network's size. */
export interface Drawing {
  readonly image: RawImage;
  readonly placement: Placement;
  readonly labels: Uint8Array;
  /** Only where an output needs it. */
  readonly confidence: Uint8Array | undefined;
  readonly classes: ClassTable;
  /** Of the class colours in the overlay, 0-1. */
  readonly opacity: number;
  /** Of an overlay of this size, if it is to have one. */
  readonly legend: (width: number, height: number) => Legend | undefined;
}

interface OutputRow {
  /** Bytes of a pixel. */
  readonly channels: 1 | 3;
  /** The name that sensor_msgs has for such pixels. */
  readonly encoding: 'mono8' | 'rgb8';
  /** What the pixels are packed into, in the same buffer; not at all if left out. */
  readonly packed?: 'png';
  readonly needsConfidence: boolean;
  /** Fills `out`, height x width x channels. */
  readonly draw: (engine: PixelEngine, drawing: Drawing, request: OutputRequest, out: Uint8Array) => void;
}

const IDENTITY = Uint8Array.from({ length: 256 }, (_, value) => value);

const drawMask: OutputRow['draw'] = (engine, { labels, placement, classes }, { width, height }, out) => {
  engine.mask(labels, placement, classes.lut, width, height, out);
};

/** The pictures that can be made of a segmented frame: one row says all about one of them. */
export const OUTPUTS = {
  /** Class ids; 255 unlabelled. */
  mask: {
    channels: 1,
    encoding: 'mono8',
    needsConfidence: false,
    draw: drawMask,
  },
  /** 0-255; 0 where unlabelled. */
  confidence: {
    channels: 1,
    encoding: 'mono8',
    needsConfidence: true,
    draw: (engine, { confidence, placement }, { width, height }, out) => {
      engine.mask(confidence!, placement, IDENTITY, width, height, out);
    },
  },
  /** The colours of the classes; black where unlabelled. */
  color_mask: {
    channels: 3,
    encoding: 'rgb8',
    needsConfidence: false,
    draw: (engine, { labels, placement, classes }, { width, height }, out) => {
      engine.colorMask(labels, placement, classes.palette, width, height, out);
    },
  },
  /** The picture, tinted by class. */
  overlay: {
    channels: 3,
    encoding: 'rgb8',
    needsConfidence: false,
    draw: (engine, { image, labels, placement, classes, opacity, legend }, { width, height }, out) => {
      engine.overlay(image, labels, placement, classes.palette, opacity, width, height, out);
      const names = legend(width, height);
      if (names !== undefined) pasteLegend(names, out, width);
    },
  },
  /** The mask as a PNG file. */
  mask_png: {
    channels: 1,
    encoding: 'mono8',
    packed: 'png',
    needsConfidence: false,
    draw: drawMask,
  },
  /** 255 where a class of the group is, else 0. */
  group: {
    channels: 1,
    encoding: 'mono8',
    needsConfidence: false,
    draw: (engine, { labels, placement, classes }, { group, width, height }, out) => {
      const members = classes.groups.get(group ?? '');
      if (members === undefined) out.fill(0);
      else engine.mask(labels, placement, members, width, height, out);
    },
  },
} as const satisfies Record<string, OutputRow>;

export type OutputKind = keyof typeof OUTPUTS;

/** Bytes of an output's buffer: those of the pixels, and what a file that cannot pack them takes more. */
export function bufferBytes({ kind, width, height, headroom }: OutputRequest): number {
  const row: OutputRow = OUTPUTS[kind];
  const pixels = width * height * row.channels;
  const more = row.packed === undefined ? 0 : 1024 + height + Math.ceil(pixels / 256);
  return headroom + pixels + more;
}
