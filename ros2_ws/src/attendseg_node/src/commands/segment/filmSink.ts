import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import sharp from 'sharp';
import { writing } from '../../cannotWrite.js';
import { errorText } from '../../errorText.js';
import type { OutputRequest } from '../../inference/outputs.js';
import type { Segmentation } from '../../inference/segmenter.js';
import type { Size } from '../../node/maskSize.js';
import { unfinishedName } from '../../newFile.js';
import { writeNew } from '../writeNew.js';
import type { SourcePicture } from './pictures.js';
import type { FrameHead, Sink, SinkPlan } from './sink.js';

/** Frames of a WebP file, which are held in memory until it is written. */
const MOST_FRAMES = 600;
/** Width of an animated WebP at most, in pixels. */
const WEBP_WIDTH = 640;

/** Frames a second, where stamps do not tell. */
const USUAL_RATE = 10;

/** A film of overlays of one camera: animated WebP, or MP4 by ffmpeg. */
export abstract class FilmSink implements Sink {
  readonly resumed = 0;
  #size: Size | undefined;

  constructor(protected readonly plan: SinkPlan) {
    const { path, streams } = plan;
    if (existsSync(path))
      throw new Error(`${path}: there is a file of that name; move it away, or give another name`);
    if (streams.length > 1) {
      const names = streams.map(({ name }) => name).join(', ');
      throw new Error(`${path}: a film shows one camera, and there are ${names}; choose with --topics`);
    }
  }

  has(): boolean {
    return false;
  }

  requests(_: SourcePicture, { width, height }: Size): readonly OutputRequest[] {
    return [{ kind: 'overlay', width, height, headroom: 0 }];
  }

  async write({ stamp, where }: FrameHead, size: Size, [overlay]: Segmentation['outputs']): Promise<void> {
    this.#size ??= size;
    if (size.width !== this.#size.width || size.height !== this.#size.height)
      throw new Error(
        `${where}: ${size.width}x${size.height}, and the film is ${this.#size.width}x${this.#size.height}; give a size with --ros-args -p mask_size:=${this.#size.width}x${this.#size.height}`,
      );
    const pixels = new Uint8Array(overlay!.buffer, 0, 3 * size.width * size.height);
    await this.add(pixels, size, stamp.sec + stamp.nanosec / 1e9);
  }

  /** `pixels`: HxWx3 uint8 RGB, the caller's again afterwards. `seconds`: its stamp. */
  protected abstract add(pixels: Uint8Array, size: Size, seconds: number): Promise<void>;
  abstract close(): Promise<void>;
  abstract leave(): Promise<void>;
}

/** An animated WebP, made by sharp. */
export class WebpSink extends FilmSink {
  readonly #frames: Buffer[] = [];
  readonly #stamps: number[] = [];

  protected override async add(pixels: Uint8Array, { width, height }: Size, seconds: number): Promise<void> {
    if (this.#frames.length === MOST_FRAMES)
      throw new Error(
        `${this.plan.path}: more than ${MOST_FRAMES} frames, which an animated WebP holds in memory; take some with --every, --start and --end, or make an .mp4`,
      );
    this.#frames.push(
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .resize({ width: WEBP_WIDTH, withoutEnlargement: true })
        .png({ compressionLevel: 1 })
        .toBuffer(),
    );
    this.#stamps.push(seconds);
  }

  override async close(): Promise<void> {
    const delay = this.#stamps.map((stamp, i) => delayOf(stamp, this.#stamps[i + 1]));
    const webp = await sharp(this.#frames, { join: { animated: true } })
      .webp({ delay, quality: 75, effort: 3 })
      .toBuffer();
    await writing(this.plan.path, () => writeNew(this.plan.path, webp));
  }

  override async leave(): Promise<void> {
    // Nothing is on the disk yet.
  }
}

/** Milliseconds that a frame is shown. */
function delayOf(stamp: number, next: number | undefined): number {
  const seconds = next === undefined ? 1 / USUAL_RATE : next - stamp;
  return Math.round(1000 * Math.min(2, Math.max(0.02, seconds)));
}

/** An MP4 file, made by the ffmpeg program. */
export class Mp4Sink extends FilmSink {
  readonly #unfinished: string;
  #ffmpeg: ChildProcessByStdio<Writable, null, Readable> | undefined;
  #ended: Promise<unknown> | undefined;
  #said = '';
  /** The first frame, until the second tells the rate. */
  #first: { readonly pixels: Uint8Array; readonly size: Size; readonly seconds: number } | undefined;

  constructor(plan: SinkPlan) {
    super(plan);
    this.#unfinished = unfinishedName(plan.path, plan.mark);
  }

  protected override async add(pixels: Uint8Array, size: Size, seconds: number): Promise<void> {
    if (this.#ffmpeg !== undefined) return this.#put(pixels);
    if (this.#first === undefined) {
      this.#first = { pixels: Uint8Array.from(pixels), size, seconds };
      return;
    }
    await this.#start(size, 1 / Math.max(1 / 120, seconds - this.#first.seconds));
    await this.#put(pixels);
  }

  override async close(): Promise<void> {
    if (this.#ffmpeg === undefined) {
      if (this.#first === undefined) throw new Error(`${this.plan.path}: no frame, so no film`);
      await this.#start(this.#first.size, USUAL_RATE);
    }
    this.#ffmpeg!.stdin.end();
    await this.#ended;
    const { exitCode } = this.#ffmpeg!;
    if (exitCode !== 0) throw this.#failure(`ended with code ${String(exitCode)}`);
    await rename(this.#unfinished, this.plan.path);
  }

  override async leave(): Promise<void> {
    this.#ffmpeg?.kill('SIGKILL');
    await this.#ended?.catch(() => undefined);
    await rm(this.#unfinished, { force: true });
  }

  async #start({ width, height }: Size, rate: number): Promise<void> {
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', rate.toFixed(3)];
    // The usual players need even sizes and this pixel format.
    const output = ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', '-pix_fmt', 'yuv420p', '-movflags', '+faststart'];
    const ffmpeg = spawn(
      'ffmpeg',
      ['-v', 'error', '-y', ...input, '-i', 'pipe:0', ...output, '-f', 'mp4', this.#unfinished],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    );
    this.#ffmpeg = ffmpeg;
    ffmpeg.stderr.on('data', (text: Buffer) => {
      this.#said = `${this.#said}${text.toString()}`.slice(-500);
    });
    // What breaks shows in its exit code.
    ffmpeg.stdin.on('error', () => undefined);
    this.#ended = once(ffmpeg, 'close');
    try {
      await once(ffmpeg, 'spawn');
    } catch (error) {
      throw new Error(
        `${this.plan.path}: ffmpeg cannot be started (${errorText(error)}); install the package ffmpeg, or make a .webp`,
        { cause: error },
      );
    }
    await this.#put(this.#first!.pixels);
    this.#first = undefined;
  }

  async #put(pixels: Uint8Array): Promise<void> {
    const { stdin, exitCode } = this.#ffmpeg!;
    if (exitCode !== null || stdin.destroyed) throw this.#failure('ended early');
    // A copy: the buffer is used again before the pipe has taken it.
    if (stdin.write(Buffer.from(pixels))) return;
    await Promise.race([once(stdin, 'drain'), this.#ended]);
  }

  #failure(how: string): Error {
    return new Error(`${this.plan.path}: ffmpeg ${how}: ${errorText(this.#said) || 'it did not say why'}`);
  }
}
