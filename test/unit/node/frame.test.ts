import { expect, test } from '@jest/globals';
import { Frame, FrameCounts, type FrameEnd } from '#node/frame.js';
import type { HeldPicture } from '#inference/heldPicture.js';
import type { CameraFrame } from '#node/imageMessage.js';
import { CountedPool } from './countedPool.js';

const picture = {} as CameraFrame;
const image = { release: () => undefined } as unknown as HeldPicture;
/** As far as its size: 16x16. */
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 16, 0, 16, 3);

test.each<FrameEnd>(['published', 'superseded', 'failed'])('a frame ends once, as %s', (end) => {
  const counts = new FrameCounts();
  const frame = new Frame(picture, 0, counts);
  expect([frame.state, counts.pending, counts.received]).toEqual(['waiting', 1, 1]);
  frame.wait(image);
  expect(frame.leave()).toBe(image);
  expect(() => {
    frame.leave();
  }).toThrow('under way cannot have a turn');
  frame.end(end);
  expect(() => {
    frame.end('failed');
  }).toThrow(`it is ${end} and cannot be failed`);
  expect([frame.state, counts.pending, counts.received]).toEqual([end, 0, 1]);
  expect(counts.published + counts.drops.superseded + counts.drops.failed).toBe(1);
});

test('who is told of drops hears of each once, with its reason, and of no mask', () => {
  const told: [Frame, string][] = [];
  const create = () =>
    new Frame(picture, 0, new FrameCounts(), (...drop) => {
      told.push(drop);
    });
  const dropped = create();
  dropped.end('too old');
  create().end('published');
  expect(() => {
    dropped.end('failed');
  }).toThrow('ends once');
  expect(told).toEqual([[dropped, 'too old']]);
});

test.each<FrameEnd>(['superseded', 'stopped'])('%s before its turn, it gives its bytes back', (end) => {
  const pool = new CountedPool();
  const frame = new Frame(picture, 0, new FrameCounts());
  frame.wait(pool.hold({ format: 'jpeg', data: JPEG }));
  expect([pool.away, pool.bytes]).toEqual([1, 0]);
  frame.end(end);
  expect([pool.away, pool.bytes]).toEqual([0, 2 ** 18]);
});
