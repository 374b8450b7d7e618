import { BufferPool } from '#inference/bufferPool.js';
import { holdPicture, type PictureBytes } from '#inference/heldPicture.js';
import { ENCODING_NAMES, findEncoding, planesOf } from '#vision/encodings.js';
import { ImageError } from '#vision/imageError.js';
import { place } from '#vision/letterbox.js';
import { PixelEngine } from '#vision/pixelEngine.js';
import type { RawImage } from '#vision/rawImage.js';
import { type Family, MAX_PIXELS } from '../family.js';
import { EDGES } from '../mutate.js';
import type { Random } from '../random.js';

const NETWORK = { width: 32, height: 24 };
const NOT_ENCODINGS = ['', '16UC1', '32FC1', 'RGB8', 'constructor', '__proto__', 'rgb8\0', 'x'.repeat(5000)];

/** A message without its bytes; `length` is what it claims to have. */
type Claims = Omit<RawImage, 'data'> & { readonly length: number; readonly fill: number };

/** sensor_msgs/Image as the middleware hands it over, every field hostile; an input is its fields as JSON. */
export async function openImage(): Promise<Family> {
  const engine = await PixelEngine.create();
  const pool = new BufferPool();
  const out = new Uint8Array(3 * NETWORK.width * NETWORK.height);
  return {
    bound: 64 * MAX_PIXELS,
    generate: (random) => Buffer.from(JSON.stringify(claims(random))),
    decode: (input, passed) => {
      const { length, fill, ...head } = JSON.parse(Buffer.from(input).toString()) as Claims;
      const data: PictureBytes = {
        length,
        copyTo: (target) => {
          target.fill(fill);
          for (let i = 0; i < Math.min(length, 8192); i++) target[i] = fill ^ (i * 31);
        },
      };
      let held;
      try {
        held = holdPicture({ ...head, data }, pool, MAX_PIXELS);
      } catch (error) {
        if (error instanceof ImageError && (error.reason === 'step' || error.reason === 'data')) passed();
        throw error;
      }
      passed();
      const buffer = held.take();
      const image = { ...head, data: new Uint8Array(buffer, 0, held.bytes) };
      engine.prepare(
        image,
        place(image.width, image.height, NETWORK.width, NETWORK.height, 'letterbox'),
        out,
      );
      pool.give(buffer);
    },
    isDeclared: (error) => error instanceof ImageError,
  };
}

function claims(random: Random): Claims {
  const side = (): number => (random.oneIn(8) ? random.pick(EDGES) : 2 * (8 + random.below(40)));
  const [width, height] = [side(), side() + Number(random.oneIn(8))];
  const known = random.pick(ENCODING_NAMES);
  const planes = planesOf(findEncoding(known), width, height, 0);
  const row = planes[0]!.rowBytes;
  const step = random.oneIn(3)
    ? random.pick([0, 1, row - 1, row + 1, row + random.below(64), 2 * row, ...EDGES])
    : row;
  const whole = planesOf(findEncoding(known), width, height, step).reduce(
    (end, { offset, pitch, rows }) => Math.max(end, offset + pitch * rows),
    0,
  );
  const length = random.oneIn(3)
    ? random.pick([0, whole - 1, whole - row, whole + 1, whole + step, 2 * whole, 2 ** 32, 2 ** 33, ...EDGES])
    : whole;
  return {
    width,
    height,
    encoding: random.oneIn(16) ? random.pick(NOT_ENCODINGS) : known,
    isBigEndian: random.oneIn(2),
    bitDepth: random.oneIn(4) ? random.pick([8, 10, 12, 14]) : 16,
    step,
    length: Math.max(0, Math.floor(length)),
    fill: random.below(256),
  };
}
