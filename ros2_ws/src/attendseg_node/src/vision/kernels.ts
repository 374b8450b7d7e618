import { readFile } from 'node:fs/promises';

/** The exports of assembly/, where each is explained. Pointers and sizes are in bytes of `memory`. */
export interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  gather(
    source: number,
    sourceAdvance: number,
    target: number,
    targetAdvance: number,
    mask: number,
    groups: number,
  ): void;
  gatherTwo(
    first: number,
    firstAdvance: number,
    second: number,
    secondAdvance: number,
    target: number,
    targetAdvance: number,
    masks: number,
    groups: number,
  ): void;
  narrow(source: number, target: number, samples: number, shift: number, swap: 0 | 1): number;
  yuvRow(source: number, target: number, pixels: number): void;
  bayerRow(
    above: number,
    row: number,
    below: number,
    target: number,
    width: number,
    site: number,
    redRow: number,
  ): void;
  filterColumns(
    source: number,
    pitch: number,
    weights: number,
    taps: number,
    target: number,
    bytes: number,
  ): void;
  filterRow(
    source: number,
    firsts: number,
    weights: number,
    taps: number,
    target: number,
    pixels: number,
  ): void;
  expandRow(
    labels: number,
    count: number,
    starts: number,
    patterns: number,
    advance: number,
    target: number,
  ): void;
  blendRow(source: number, tint: number, keep: number, target: number, bytes: number): void;
  areFinite(source: number, count: number): 0 | 1;
  blendFloats(above: number, below: number, share: number, target: number, count: number): void;
  blendPlanes(
    above: number,
    below: number,
    channelStride: number,
    share: number,
    classes: number,
    columns: number,
    target: number,
    pitch: number,
  ): void;
  toPlanes(source: number, classes: number, columns: number, target: number, pitch: number): void;
  strongest(
    rows: number,
    pitch: number,
    classes: number,
    columns: number,
    scale: number,
    columnIds: number,
    labels: number,
    confidence: number,
    sharpness: number,
  ): void;
}

/** The part used here of a global that Node has and its type declarations lack. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: unknown } }>;
};

/** A fresh instance of the kernels, with its own memory. */
export async function loadKernels(): Promise<Kernels> {
  const { instance } = await WebAssembly.instantiate(
    await readFile(new URL('./kernels.wasm', import.meta.url)),
  );
  return instance.exports as Kernels;
}
