/**
 * LZ4 frames, as chunks of MCAP files have them. Source: lz4_Frame_format.md and lz4_Block_format.md of the LZ4 project.
 * Our own, since the context inside @foxglove/wasm-lz4 never recovers from a damaged frame: all good ones behind it fail.
 */

const MAGIC = 0x184d2204;

/**
 * Unpacks one frame. Checksums inside it are not looked at: an MCAP chunk has one over the whole.
 * @param size bytes that come out, to the byte; proved to be tolerable by the caller
 * @throws Error that says what is wrong
 */
export function unpackLz4(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const need = (end: number): void => {
    if (end > frame.length) throw new Error('its lz4 frame is cut');
  };
  need(7);
  if (view.getUint32(0, true) !== MAGIC) throw new Error('is no lz4 frame');
  const flags = frame[4]!;
  const has = (bit: number): boolean => (flags >> bit) % 2 === 1;
  if (flags >> 6 !== 1 || has(0))
    throw new Error('is an lz4 frame of an unknown version or with a dictionary');
  let at = 6 + (has(3) ? 8 : 0) + 1;
  // A byte stands for 255 at most, so that no memory is taken for what a short frame claims.
  if (size > 255 * frame.length) throw new Error(`claims to unpack to ${size} bytes, more than it can hold`);
  const out = Buffer.allocUnsafeSlow(size);
  let end = 0;
  for (;;) {
    need(at + 4);
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const bytes = word & 0x7fffffff;
    need(at + bytes);
    const block = frame.subarray(at, at + bytes);
    if (word > 0x7fffffff) {
      if (end + bytes > size) throw tooLong(size);
      out.set(block, end);
      end += bytes;
    } else {
      end = unpackBlock(block, out, end);
    }
    at += bytes + (has(4) ? 4 : 0);
  }
  if (end !== size) throw new Error(`unpacks to ${end} bytes, not to ${size}`);
  return out;
}

function tooLong(size: number): Error {
  return new Error(`unpacks to more than the ${size} bytes that it claims`);
}

/** @returns the end of what was written */
function unpackBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  const damaged = (): Error => new Error('its lz4 block is damaged');
  let at = 0;
  let end = start;
  /** A length of 15 goes on in the bytes behind it, up to one that is not 255. */
  const whole = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      let more;
      do {
        more = block[at++];
        if (more === undefined) throw damaged();
        length += more;
      } while (more === 255);
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = whole(token >> 4);
    if (at + literals > block.length) throw damaged();
    if (end + literals > out.length) throw tooLong(out.length);
    if (literals > 32) out.set(block.subarray(at, at + literals), end);
    else for (let i = 0; i < literals; i++) out[end + i] = block[at + i]!;
    at += literals;
    end += literals;
    // The last sequence has literals alone.
    if (at === block.length) break;
    if (at + 2 > block.length) throw damaged();
    const distance = block[at]! + block[at + 1]! * 256;
    at += 2;
    if (distance === 0 || distance > end) throw damaged();
    const length = whole(token & 15) + 4;
    if (end + length > out.length) throw tooLong(out.length);
    if (distance >= length && length > 32) out.copyWithin(end, end - distance, end - distance + length);
    else for (let i = 0; i < length; i++) out[end + i] = out[end + i - distance]!;
    end += length;
  }
  return end;
}
