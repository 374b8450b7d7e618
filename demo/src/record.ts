import { deflateRawSync, inflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import type { DiagnosticArray } from '#recording/infoMessages.js';
import type { CameraFrame } from '#node/imageMessage.js';
import type { RawImage } from '#vision/rawImage.js';
import type { OutFolder } from './outFolder.js';

/** A mask as it arrived; its pixels are kept compressed, a drive's worth would be large. */
interface ReceivedMask {
  readonly width: number;
  readonly height: number;
  readonly compressed: Uint8Array;
  /** Milliseconds from the camera's stamp. */
  readonly latency: number;
}

/** What the demo saw on the graph. */
export class DemoRecord {
  readonly #sent = new Map<string, number>();
  readonly #masks = new Map<string, ReceivedMask>();
  readonly #overlays: Promise<Uint8Array>[] = [];
  #overlaysSeen = 0;
  #report = new Map<string, string>();

  /** @param every of how many overlays one is kept */
  constructor(
    readonly out: OutFolder,
    private readonly every: number,
  ) {}

  get sentCount(): number {
    return this.#sent.size;
  }

  get maskCount(): number {
    return this.#masks.size;
  }

  sent({ index, sec, nanosec }: { index: number; sec: number; nanosec: number }): void {
    this.#sent.set(`${sec}.${nanosec}`, index);
  }

  mask({ image, stamp }: CameraFrame<RawImage>): void {
    const latency = Date.now() - (stamp.sec * 1000 + stamp.nanosec / 1e6);
    const compressed = deflateRawSync(image.data, { level: 1 });
    const { width, height } = image;
    this.#masks.set(`${stamp.sec}.${stamp.nanosec}`, { width, height, compressed, latency });
  }

  /** Resolves when the overlay, if it is one to keep, is on disk. */
  async overlay({ image }: CameraFrame<RawImage>): Promise<void> {
    if (this.#overlaysSeen++ % this.every !== 0) return;
    const name = `overlay_${String(this.#overlays.length).padStart(3, '0')}.png`;
    const writing = this.#write(name, image);
    this.#overlays.push(writing);
    await writing;
  }

  async #write(name: string, { width, height, data }: RawImage): Promise<Uint8Array> {
    const png = await sharp(Uint8Array.from(data), { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    await this.out.write(name, png);
    return png;
  }

  diagnostics(report: DiagnosticArray): void {
    const status = report.status.find(({ name }) => name.startsWith('attendseg:'));
    if (status !== undefined) this.#report = new Map(status.values.map(({ key, value }) => [key, value]));
  }

  /** The overlays that were kept, as PNG files, when all are on disk. */
  overlays(): Promise<Uint8Array[]> {
    return Promise.all(this.#overlays);
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
