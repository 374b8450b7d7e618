import { createHash } from 'node:crypto';
import type { Model } from '../../inference/model.js';
import { probePicture } from '../../inference/probe.js';
import type { Segmenter } from '../../inference/segmenter.js';
import { rgb8Image } from '../../vision/rawImage.js';

export interface Probe {
  readonly mask_sha256: string;
  /** By class. */
  readonly pixels: Record<string, number>;
}

/** What the network makes of a picture that is the same everywhere: to be held against another machine's. */
export async function probeResult(segmenter: Segmenter, { manifest }: Model): Promise<Probe> {
  const { width, height } = manifest.input;
  const segmentation = await segmenter.segment(
    segmenter.hold(rgb8Image(width, height, probePicture(width, height))),
    { fit: 'stretch', opacity: 0, outputs: [{ kind: 'mask', width, height, headroom: 0 }] },
  );
  const mask = Uint8Array.from(new Uint8Array(segmentation.outputs[0]!.buffer, 0, width * height));
  segmentation.release();
  const pixels: Record<string, number> = {};
  for (const id of mask) {
    const name = manifest.classes[id]?.name ?? 'unlabelled';
    pixels[name] = (pixels[name] ?? 0) + 1;
  }
  return { mask_sha256: createHash('sha256').update(mask).digest('hex'), pixels };
}
