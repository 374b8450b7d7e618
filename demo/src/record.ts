import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import type { DiagnosticArray } from '#node/diagnostics.js';
import type { CameraFrame } from '#node/imageMessage.js';

/** A mask as it arrived; its pixels are kept compressed, a drive's worth would be large. */
interface ReceivedMask {
  readonly width: number;
  readonly height: number;
  readonly compressed: Uint8Array;
  /** Milliseconds from the camera's stamp. */
  readonly latency: number;
}

/** Every how many pictures an overlay is kept. */
const KEEP_EVERY = 8;

/** What the demo saw on the graph. */
export class DemoRecord {
  readonly #sent = new Map<string, number>();
  readonly #masks = new Map<string, ReceivedMask>();
  readonly #writing: Promise<unknown>[] = [];
  readonly overlays: string[] = [];
  #overlaysSeen = 0;
  #report = new Map<string, string>();

  constructor(private readonly out: string) {}

  get sentCount(): number {
    return this.#sent.size;
  }

  get maskCount(): number {
    return this.#masks.size;
  }

  sent({ index, sec, nanosec }: { index: number; sec: number; nanosec: number }): void {
    this.#sent.set(`${sec}.${nanosec}`, index);
  }

  mask({ image, stamp }: CameraFrame): void {
    const latency = Date.now() - (stamp.sec * 1000 + stamp.nanosec / 1e6);
    const compressed = deflateRawSync(image.data, { level: 1 });
    const { width, height } = image;
    this.#masks.set(`${stamp.sec}.${stamp.nanosec}`, { width, height, compressed, latency });
  }

  overlay({ image }: CameraFrame): void {
    if (this.#overlaysSeen++ % KEEP_EVERY !== 0) return;
    const file = join(this.out, `overlay_${String(this.overlays.length).padStart(3, '0')}.png`);
    this.overlays.push(file);
    const { width, height, data } = image;
    const png = sharp(Uint8Array.from(data), { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    this.#writing.push(png.then((bytes) => writeFile(file, bytes)));
  }

  diagnostics(report: DiagnosticArray): void {
    const status = report.status.find(({ name }) => name.startsWith('attendseg:'));
    if (status !== undefined) this.#report = new Map(status.values.map(({ key, value }) => [key, value]));
  }

  /** Waits until all overlay pictures are on disk. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** A value of the node's last report. */
  reported(key: string): string {
    return this.#report.get(key) ?? 'unknown';
  }

  /** Milliseconds from stamp to mask, ascending. */
  latencies(): number[] {
    return [...this.#masks.values()].map(({ latency }) => latency).sort((a, b) => a - b);
  }

  /** Masks of sent pictures with the picture's index. */
  *masks(): Generator<{ index: number; width: number; height: number; labels: Uint8Array }> {
    for (const [stamp, { width, height, compressed }] of this.#masks) {
      const index = this.#sent.get(stamp);
      if (index !== undefined) yield { index, width, height, labels: inflateRawSync(compressed) };
    }
  }
}
