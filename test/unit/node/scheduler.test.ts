/** Cameras, their turns and the segmenter under random schedules, with a clock that the test moves. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ClassTable } from '#inference/classTable.js';
import type { Segmentation } from '#inference/segmenter.js';
import { Camera } from '#node/camera.js';
import type { OutputPublisher } from '#node/imagePublisher.js';
import type { CameraFrame } from '#node/imageMessage.js';
import type { Parameters } from '#node/parameterTable.js';
import type { RawImage } from '#vision/rawImage.js';
import { Scheduler, type FrameBackend, type Clock, type Contender } from '#node/scheduler.js';
import { CountedPool } from './countedPool.js';

const SIDE = 16;
const request: OutputPublisher['request'] = (size) => ({ kind: 'mask', headroom: 0, ...size });
const PARAMETERS = { fit: 'letterbox', overlay_opacity: 0.5, mask_size: 'image' } as Parameters;

function frameOf(camera: number): CameraFrame<RawImage> {
  const data = new Uint8Array(3 * SIDE * SIDE);
  return {
    image: { encoding: 'rgb8', width: SIDE, height: SIDE, step: 3 * SIDE, isBigEndian: false, data },
    stamp: { sec: 1, nanosec: 2 },
    frameId: `camera ${camera}`,
  };
}

class FakeClock implements Clock {
  #now = 0;
  readonly #calls = new Map<object, { at: number; call: () => void }>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): () => void {
    const key = {};
    this.#calls.set(key, { at: this.#now + milliseconds, call });
    return () => {
      this.#calls.delete(key);
    };
  }

  /** Moves to `time`, making the calls that fall due in order, and lets what they start run on. */
  async moveTo(time: number): Promise<void> {
    for (;;) {
      const due = [...this.#calls].filter(([, { at }]) => at <= time).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      const [key, { at, call }] = due;
      this.#calls.delete(key);
      this.#now = Math.max(this.#now, at);
      call();
      await settled();
    }
    this.#now = time;
    await settled();
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

interface Run {
  readonly milliseconds: number;
  readonly ends: 'well' | 'failed' | 'refused';
}

/** Prepares one frame while it runs another, one after the other; counts the results that are not given back. */
class FakeSegmenter implements FrameBackend {
  inFlight = 0;
  started = 0;
  unreleased = 0;
  readonly pool = new CountedPool();
  readonly hold = this.pool.hold;
  #busyUntil = 0;

  constructor(
    private readonly clock: FakeClock,
    private readonly runs: readonly Run[],
  ) {}

  get free(): boolean {
    return this.inFlight < 2;
  }

  segment: FrameBackend['segment'] = (picture, { outputs }) => {
    const { milliseconds, ends } = this.runs[this.started++ % this.runs.length]!;
    if (ends === 'refused') return Promise.reject(new RangeError('Array buffer allocation failed'));
    this.inFlight++;
    const buffer = picture.take();
    const start = Math.max(this.clock.now(), this.#busyUntil);
    this.#busyUntil = start + milliseconds;
    return new Promise<Segmentation>((resolve, reject) => {
      this.clock.after(this.#busyUntil - this.clock.now(), () => {
        this.inFlight--;
        this.pool.give(buffer);
        if (ends === 'failed') {
          reject(new Error('the run failed'));
          return;
        }
        this.unreleased++;
        resolve({
          outputs: outputs.map((request) => ({ ...request, buffer: new ArrayBuffer(8) })),
          brightest: 255,
          finite: true,
          times: { receive: 0, prepare: 1, run: milliseconds, finish: 1 },
          release: () => {
            this.unreleased--;
          },
        });
      });
    });
  };
}

const run: fc.Arbitrary<Run> = fc.record({
  milliseconds: fc.integer({ min: 0, max: 60 }),
  ends: fc.constantFrom('well', 'well', 'well', 'well', 'failed', 'refused'),
});
const arrival = fc.record({ wait: fc.integer({ min: 0, max: 40 }), camera: fc.integer({ min: 0, max: 2 }) });

describe('any schedule', () => {
  test('counters add up, buffers come back, nothing is published after stop', async () => {
    const schedule = fc.record({
      runs: fc.array(run, { minLength: 1, maxLength: 8 }),
      arrivals: fc.array(arrival, { minLength: 1, maxLength: 40 }),
      stopAfter: fc.nat(40),
      publishFails: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(schedule, async ({ runs, arrivals, stopAfter, publishFails }) => {
        const clock = new FakeClock();
        const segmenter = new FakeSegmenter(clock, runs);
        const scheduler = new Scheduler(segmenter, clock);
        let published = 0;
        const publish = (): void => {
          if (publishFails[published++ % publishFails.length]!) throw new Error('the publisher is gone');
        };
        const cameras = [0, 1, 2].map(
          () =>
            new Camera(scheduler, [{ wanted: true, request, publish }], {
              parameters: () => PARAMETERS,
              network: () => ({ width: SIDE, height: SIDE }),
              name: '',
              age: () => 0,
              classes: () => ({}) as ClassTable,
              published: () => undefined,
              warn: () => undefined,
              refuse: () => undefined,
            }),
        );
        const sent = [0, 0, 0];
        const check = (): void => {
          expect(cameras.map(({ counts }) => counts.received)).toEqual(sent);
        };
        let atStop: number | undefined;
        for (const [i, { wait, camera }] of arrivals.entries()) {
          if (i === stopAfter) {
            await Promise.all(cameras.map((each) => each.stop(0)));
            atStop = published;
          }
          await clock.moveTo(clock.now() + wait);
          sent[camera]!++;
          cameras[camera]!.receive(frameOf(camera));
          check();
          await settled();
          check();
        }
        await clock.moveTo(clock.now() + 10_000);
        check();
        expect(cameras.map(({ counts }) => counts.pending)).toEqual([0, 0, 0]);
        expect([segmenter.inFlight, segmenter.unreleased, segmenter.pool.away]).toEqual([0, 0, 0]);
        if (atStop !== undefined) expect(published).toBe(atStop);
      }),
      { numRuns: 1500 },
    );
  });

  test('no camera has two turns while another waits', async () => {
    const schedule = fc.record({
      runs: fc.array(run, { minLength: 1, maxLength: 8 }),
      arrivals: fc.array(arrival, { minLength: 1, maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(schedule, async ({ runs, arrivals }) => {
        const clock = new FakeClock();
        const segmenter = new FakeSegmenter(clock, runs);
        const scheduler = new Scheduler(segmenter, clock);
        /** Turns of the others since a contender began to wait. */
        const turns = [0, 1, 2].map(() => [0, 0, 0]);
        const contenders = [0, 1, 2].map((me) => {
          const contender: Contender & { waitingSince: number | undefined } = {
            waitingSince: undefined,
            takeTurn: () => {
              contender.waitingSince = undefined;
              for (const others of turns) others[me]!++;
              void scheduler
                .segment(scheduler.hold(frameOf(me).image), { fit: 'letterbox', opacity: 0, outputs: [] })
                .then((result) => {
                  result.release();
                })
                .catch(() => undefined)
                .finally(() => {
                  scheduler.wake();
                });
            },
          };
          scheduler.join(contender);
          return contender;
        });
        for (const { wait, camera } of arrivals) {
          await clock.moveTo(clock.now() + wait);
          const contender = contenders[camera]!;
          if (contender.waitingSince === undefined) {
            contender.waitingSince = clock.now();
            turns[camera]!.fill(0);
          }
          scheduler.wake();
          await settled();
          for (const [i, { waitingSince }] of contenders.entries()) {
            if (waitingSince !== undefined) expect(Math.max(...turns[i]!)).toBeLessThanOrEqual(1);
          }
        }
        await clock.moveTo(clock.now() + 10_000);
        expect(contenders.filter(({ waitingSince }) => waitingSince !== undefined)).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });
});

test('of two that began to wait in the same millisecond, both have turns', () => {
  const turns: string[] = [];
  const notCalled = (): never => {
    throw new Error('not called');
  };
  const backend = { free: true, inFlight: 0, hold: notCalled, segment: notCalled };
  const scheduler = new Scheduler(backend, new FakeClock());
  const contend = (name: string): Contender & { waitingSince: number | undefined } => ({
    waitingSince: 0,
    takeTurn() {
      turns.push(name);
      // At once it has the next one, of the same millisecond.
      if (turns.length > 5) this.waitingSince = undefined;
    },
  });
  scheduler.join(contend('first'));
  scheduler.join(contend('second'));
  scheduler.wake();
  expect(turns.slice(0, 4)).toEqual(['first', 'second', 'first', 'second']);
});

test('of two cameras as fast as each other, the one whose frames are always younger has its turns', async () => {
  const clock = new FakeClock();
  const segmenter = new FakeSegmenter(clock, [{ milliseconds: 40, ends: 'well' }]);
  const scheduler = new Scheduler(segmenter, clock);
  const published = [0, 0];
  const cameras = published.map((_, i) => {
    const publish = (): void => {
      published[i]!++;
    };
    return new Camera(scheduler, [{ wanted: true, request, publish }], {
      parameters: () => PARAMETERS,
      network: () => ({ width: SIDE, height: SIDE }),
      name: '',
      age: () => 0,
      classes: () => ({}) as ClassTable,
      published: () => undefined,
      warn: () => undefined,
      refuse: () => undefined,
    });
  });
  for (let tick = 0; tick < 150; tick++) {
    for (const [i, camera] of cameras.entries()) {
      await clock.moveTo(33 * tick + i);
      camera.receive(frameOf(i));
    }
  }
  const [first, second] = published;
  expect(first! + second!).toBeGreaterThan(110);
  expect(Math.abs(first! - second!)).toBeLessThanOrEqual(2);
});
