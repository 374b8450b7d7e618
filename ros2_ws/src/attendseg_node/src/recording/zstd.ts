import { decompress, isLoaded } from '@foxglove/wasm-zstd';
import { PIECE_LIMIT } from './bagFile.js';

/** The decompressor is a WebAssembly module, which takes a moment to load. */
export async function loadZstd(): Promise<void> {
  await isLoaded;
}

/** What the header of a zstd frame says; RFC 8878, 3.1.1.1. */
export interface ZstdHeader {
  /** Bytes of the unpacked frame, where it says so. */
  readonly size: number | undefined;
  /** Bytes that a decompressor must look back at. */
  readonly window: number;
  /** Bytes of the header itself. */
  readonly length: number;
}

/** @returns undefined for what is no zstd frame */
export function zstdHeader(bytes: Uint8Array): ZstdHeader | undefined {
  if (!isZstd(bytes) || bytes.length < 6) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[4]!;
  const isSingle = (flags & 32) !== 0;
  const sizeAt = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][flags & 3]!;
  const sizeBytes = flags < 64 ? Number(isSingle) : 2 ** (flags >> 6);
  if (sizeAt + sizeBytes > bytes.length) return undefined;
  let size: number | undefined;
  if (sizeBytes === 1) size = bytes[sizeAt];
  if (sizeBytes === 2) size = view.getUint16(sizeAt, true) + 256;
  if (sizeBytes === 4) size = view.getUint32(sizeAt, true);
  if (sizeBytes === 8) size = Number(view.getBigUint64(sizeAt, true));
  const descriptor = bytes[5]!;
  const window = isSingle ? size! : 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
  return { size, window, length: sizeAt + sizeBytes };
}

/** Does it begin as a zstd frame does? CDR never does: its first byte is 0. */
export function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

/** A block of 128 KiB that repeats one byte takes four. */
const MOST_FOR_A_BYTE = 2 ** 15;

/**
 * Unpacks what is known to have this many bytes; loadZstd must have ended.
 * @throws Error that says what is wrong
 */
export function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  // The module has 2 GiB of memory for both, and does not notice when there is no more.
  if (packed.length + size > PIECE_LIMIT) {
    throw new Error(`claims to unpack to ${size} bytes; at most ${PIECE_LIMIT} are unpacked at once`);
  }
  // Its memory never shrinks: none is taken for what a short frame cannot hold.
  if (size > packed.length * MOST_FOR_A_BYTE || (zstdHeader(packed)?.size ?? size) !== size) {
    throw new Error(
      `claims to unpack to ${size} bytes, which its zstd frame of ${packed.length} does not hold`,
    );
  }
  let bytes;
  try {
    bytes = decompress(packed, size);
  } catch {
    throw new Error('its zstd frame is damaged');
  }
  if (bytes.length !== size) throw new Error(`unpacks to ${bytes.length} bytes, not to ${size}`);
  return bytes;
}

/**
 * A message as it was before `--compression-mode message`; what is not packed comes back as it is.
 * @throws Error that says what is wrong
 */
export function unpackMessage(data: Uint8Array): Uint8Array {
  if (!isZstd(data)) return data;
  const size = zstdHeader(data)?.size;
  if (size === undefined) throw new Error('its zstd frame does not say how long it is');
  return unpackZstd(data, size);
}
