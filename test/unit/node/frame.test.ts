import { expect, test } from '@jest/globals';
import { Frame, FrameCounts, type FrameEnd } from '#node/frame.js';
import type { Picture } from '#inference/protocol.js';
import type { CameraFrame } from '#node/imageMessage.js';

const picture = {} as CameraFrame;
const image = {} as Picture;

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
