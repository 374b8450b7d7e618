/** A message whose bytes are not what its type says; the message names type, field and offset in one line. */
export class CdrError extends Error {
  override readonly name = 'CdrError';
}

/** Bytes that may stand behind the last field: messages are padded to their alignment. */
const PADDING = 7;

/**
 * Reads the fields of one serialised message in their order: plain CDR (XCDR1), either byte order. Every field is proved
 * to lie inside the message before anything is taken for it. Offsets count from the message's first byte, alignment from
 * behind the encapsulation. Our own, since @foxglove/cdr takes memory for what a length claims and names no field.
 */
export class CdrReader {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  #at = 4;

  /**
   * @param type for errors
   * @throws CdrError for other encapsulations
   */
  constructor(
    readonly type: string,
    readonly message: Uint8Array,
  ) {
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const [first, second] = message;
    if (message.length < 4 || first !== 0 || second === undefined || second > 1) {
      const kind = Buffer.from(message.subarray(0, 2)).toString('hex');
      throw new CdrError(
        `${type}: begins with "${kind}" at byte 0, which is not plain CDR (0000 or 0001); record it with a middleware that sends CDR`,
      );
    }
    this.#isLittle = second === 1;
  }

  uint8(field: string): number {
    return this.#view.getUint8(this.#take(field, 1, 1));
  }

  uint16(field: string): number {
    return this.#view.getUint16(this.#take(field, 2, 2), this.#isLittle);
  }

  int32(field: string): number {
    return this.#view.getInt32(this.#take(field, 4, 4), this.#isLittle);
  }

  uint32(field: string): number {
    return this.#view.getUint32(this.#take(field, 4, 4), this.#isLittle);
  }

  float32(field: string): number {
    return this.#view.getFloat32(this.#take(field, 4, 4), this.#isLittle);
  }

  /** @param count how many, float64 */
  doubles(field: string, count: number): number[] {
    // Of none there is no alignment either.
    if (count === 0) return [];
    const start = this.#take(field, 8 * count, 8);
    return Array.from({ length: count }, (_, i) => this.#view.getFloat64(start + 8 * i, this.#isLittle));
  }

  /** A sequence of float64. */
  doubleSequence(field: string): number[] {
    return this.doubles(field, this.uint32(field));
  }

  /** A sequence of uint8, as a view. */
  bytes(field: string): Uint8Array {
    const length = this.uint32(field);
    const start = this.#take(field, length, 1);
    return this.message.subarray(start, start + length);
  }

  string(field: string): string {
    const bytes = this.bytes(field);
    // Some middlewares leave out the zero behind an empty one.
    if (bytes.length > 0 && bytes.at(-1) !== 0) {
      throw this.#error(field, this.#at - 1, 'does not end in a zero byte');
    }
    return Buffer.from(bytes.buffer, bytes.byteOffset, Math.max(0, bytes.length - 1)).toString('utf8');
  }

  /** Proves that the message ends behind its last field. */
  end(): void {
    const rest = this.message.length - this.#at;
    if (rest > PADDING) throw this.#error('the last field', this.#at, `is followed by ${rest} more bytes`);
  }

  #take(field: string, bytes: number, alignment: number): number {
    const start = Math.ceil((this.#at - 4) / alignment) * alignment + 4;
    if (start + bytes > this.message.length) {
      const rest = Math.max(0, this.message.length - start);
      throw this.#error(field, start, `takes ${bytes} bytes, but the message has ${rest} left`);
    }
    this.#at = start + bytes;
    return start;
  }

  #error(field: string, at: number, cause: string): CdrError {
    return new CdrError(
      `${this.type}: ${field} at byte ${at} ${cause}; the message is cut, damaged or of another type`,
    );
  }
}
