import { describe, expect, test } from '@jest/globals';
import type { ClassTable } from '#inference/classTable.js';
import type { Segmentation } from '#inference/segmenter.js';
import { Camera } from '#node/camera.js';
import type { OutputPublisher } from '#node/imagePublisher.js';
import type { CameraFrame } from '#node/imageMessage.js';
import type { Parameters } from '#node/parameterTable.js';
import { Scheduler, type FrameBackend } from '#node/scheduler.js';
import { CountedPool } from './countedPool.js';

const WIDTH = 16;
const HEIGHT = 16;
const request: OutputPublisher['request'] = (size) => ({ kind: 'mask', headroom: 0, ...size });
const PARAMETERS = {
  bit_depth: 16,
  fit: 'letterbox',
  overlay_opacity: 0.5,
  mask_size: 'image',
} as Parameters;
const FRAME: CameraFrame = {
  image: {
    encoding: 'rgb8',
    width: WIDTH,
    height: HEIGHT,
    step: 3 * WIDTH,
    isBigEndian: false,
    data: new Uint8Array(3 * WIDTH * HEIGHT),
  },
  stamp: { sec: 1, nanosec: 2 },
  frameId: 'camera',
};

/** A segmenter whose runs end when the test says so. */
class FakeSegmenter implements FrameBackend {
  readonly runs: { resolve: () => void; reject: (error: Error) => void }[] = [];
  inFlight = 0;
  released = 0;
  refusal: Error | undefined;
  brightest = 255;
  readonly pool = new CountedPool();
  readonly hold = this.pool.hold;

  get free(): boolean {
    return this.inFlight < 2;
  }

  segment: FrameBackend['segment'] = (picture, { outputs }) => {
    if (this.refusal !== undefined) throw this.refusal;
    this.inFlight++;
    const buffer = picture.take();
    return new Promise<Segmentation>((resolve, reject) => {
      this.runs.push({
        resolve: () => {
          this.inFlight--;
          this.pool.give(buffer);
          resolve({
            outputs: outputs.map((request) => ({ ...request, buffer: new ArrayBuffer(8) })),
            brightest: this.brightest,
            finite: true,
            times: { receive: 0, prepare: 0, run: 0, finish: 0 },
            release: () => {
              this.released++;
            },
          });
        },
        reject: (error) => {
          this.inFlight--;
          this.pool.give(buffer);
          reject(error);
        },
      });
    });
  };
}

function setUp(
  publisher: Partial<OutputPublisher> = {},
  enabled?: () => boolean,
  changed: Partial<Parameters> = {},
) {
  const segmenter = new FakeSegmenter();
  let published = 0;
  const output: OutputPublisher = {
    request,
    publish: () => {
      published++;
    },
    wanted: true,
  };
  Object.defineProperties(output, Object.getOwnPropertyDescriptors(publisher));
  const refused: string[] = [];
  const warnings: string[] = [];
  const camera = new Camera(new Scheduler(segmenter), [output], {
    network: () => ({ width: WIDTH, height: HEIGHT }),
    parameters: () => ({ ...PARAMETERS, ...changed }),
    name: '',
    age: () => 0,
    classes: () => ({}) as ClassTable,
    published: () => undefined,
    warn: (message) => warnings.push(message),
    refuse: (_, message) => refused.push(message),
    ...(enabled && { enabled }),
  });
  return { camera, segmenter, refused, warnings, published: () => published };
}

/** Lets everything run that is ready to. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a frame may fail, and the camera goes on', () => {
  const broken = (): never => {
    throw new RangeError('Array buffer allocation failed');
  };
  const cases: Record<string, Partial<OutputPublisher>> = {
    publish: { publish: broken },
    request: { request: broken },
    wanted: {
      get wanted(): boolean {
        return broken();
      },
    },
  };
  test.each(Object.keys(cases))('when %s throws', async (name) => {
    const { camera, segmenter, refused, published } = setUp(cases[name]);
    for (let i = 0; i < 3; i++) {
      camera.receive(FRAME);
      await settle();
      segmenter.runs.pop()?.resolve();
      await settle();
    }
    expect([camera.counts.received, camera.counts.drops.failed]).toEqual([3, 3]);
    expect(refused).toHaveLength(3);
    expect(refused[0]).toContain('Array buffer allocation failed');
    expect(published()).toBe(0);
    expect(camera.counts.pending).toBe(0);
    expect(segmenter.released).toBe(name === 'publish' ? 3 : 0);
    expect(segmenter.pool.away).toBe(0);
  });

  test('when the segmenter throws, rejects, and then works', async () => {
    const { camera, segmenter, refused, published } = setUp();
    segmenter.refusal = new RangeError('no memory');
    camera.receive(FRAME);
    await settle();
    segmenter.refusal = undefined;
    camera.receive(FRAME);
    await settle();
    segmenter.runs[0]!.reject(new Error('the run failed'));
    await settle();
    camera.receive(FRAME);
    await settle();
    segmenter.runs[1]!.resolve();
    await settle();
    expect(refused).toEqual(['no memory', 'the run failed']);
    expect([
      camera.counts.received,
      camera.counts.published,
      camera.counts.drops.failed,
      published(),
    ]).toEqual([3, 1, 2, 1]);
    expect(segmenter.pool.away).toBe(0);
  });
});

describe('after stop', () => {
  test('what ends in time is published, what ends late is not', async () => {
    const { camera, segmenter, published } = setUp();
    camera.receive(FRAME);
    await settle();
    camera.receive(FRAME);
    await settle();
    const stopping = camera.stop(50);
    segmenter.runs[0]!.resolve();
    await stopping;
    const inTime = published();
    expect(inTime).toBe(1);
    camera.receive(FRAME);
    for (const run of segmenter.runs.slice(1)) run.resolve();
    await settle();
    expect(published()).toBe(inTime);
    expect([camera.counts.received, camera.counts.published]).toEqual([3, 1]);
    expect(camera.counts.drops.stopped).toBe(2);
    expect(camera.counts.pending).toBe(0);
    expect(segmenter.released).toBe(segmenter.runs.length);
    expect(segmenter.pool.away).toBe(0);
  });

  test('it does not wait for longer than it has to', async () => {
    const { camera, segmenter } = setUp();
    camera.receive(FRAME);
    await settle();
    segmenter.runs[0]!.resolve();
    const started = performance.now();
    await camera.stop(60_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

test('many dark frames of 16 bits in a row make one warning that names bit_depth', async () => {
  const { camera, segmenter, warnings } = setUp();
  const show = async (brightest: number, times: number): Promise<void> => {
    segmenter.brightest = brightest;
    for (let i = 0; i < times; i++) {
      camera.receive(FRAME);
      segmenter.runs.pop()!.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await show(15, 49);
  await show(32, 1);
  await show(31, 49);
  expect(warnings).toEqual([]);
  await show(0, 200);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('set the parameter bit_depth');
});

test('frames are dropped while it is disabled, those in the slot too; what is under way is published', async () => {
  let enabled = true;
  const { camera, segmenter, published } = setUp({}, () => enabled);
  camera.receive(FRAME);
  await settle();
  camera.receive(FRAME);
  enabled = false;
  camera.receive(FRAME);
  while (segmenter.runs.length > 0) {
    segmenter.runs.pop()?.resolve();
    await settle();
  }
  const { received, drops, pending } = camera.counts;
  expect([received, drops.disabled + published(), pending]).toEqual([3, 3, 0]);
  expect(drops.disabled).toBeGreaterThan(0);
  enabled = true;
  const before = published();
  camera.receive(FRAME);
  await settle();
  segmenter.runs.pop()?.resolve();
  await settle();
  expect(published()).toBe(before + 1);
  expect(segmenter.pool.away).toBe(0);
});

describe('bytes are copied for a turn alone', () => {
  /** A picture whose bytes are the middleware's: counts how often they are read. */
  function counted(image: Partial<CameraFrame['image']> = {}) {
    let copies = 0;
    const data = {
      length: 3 * WIDTH * HEIGHT,
      copyTo: () => {
        copies++;
      },
    };
    const frame = { ...FRAME, image: { ...FRAME.image, ...image, data } } as CameraFrame;
    return { frame, copies: () => copies };
  }

  test('once, and the one that waits gives its buffer to the next', () => {
    const { camera, segmenter } = setUp();
    const { frame, copies } = counted();
    for (let i = 1; i <= 6; i++) {
      camera.receive(frame);
      expect(copies()).toBe(i);
    }
    expect([segmenter.runs.length, camera.counts.drops.superseded]).toEqual([2, 3]);
    // Two are under way, and one waits; one is free for the next.
    expect([segmenter.pool.away, segmenter.pool.bytes]).toEqual([3, 3 * WIDTH * HEIGHT]);
  });

  test.each([
    ['standby', { wanted: false }, {}, true],
    ['disabled', {}, {}, false],
    ['undecodable', {}, { step: 1 }, true],
  ] as const)('not at all when it is %s', (reason, publisher, image, enabled) => {
    const { camera, segmenter } = setUp(publisher, () => enabled);
    const { frame, copies } = counted(image);
    camera.receive(frame);
    expect([camera.counts.drops[reason], copies(), segmenter.pool.bytes]).toEqual([1, 0, 0]);
  });

  test('a file that is none gives its buffer back', () => {
    const { camera, segmenter, refused } = setUp();
    camera.receive({ ...FRAME, image: { format: 'jpeg', data: new Uint8Array(100) } });
    expect(refused[0]).toContain('neither JPEG nor PNG');
    expect([segmenter.pool.away, camera.counts.drops.undecodable]).toEqual([0, 1]);
  });
});

test('max_image_pixels holds from the next frame on', () => {
  const changed = { max_image_pixels: WIDTH * HEIGHT };
  const { camera, refused } = setUp({}, undefined, changed);
  camera.receive(FRAME);
  expect(refused).toEqual([]);
  changed.max_image_pixels--;
  camera.receive(FRAME);
  expect(refused).toEqual([expect.stringContaining('more than the 255 of the parameter max_image_pixels')]);
});
