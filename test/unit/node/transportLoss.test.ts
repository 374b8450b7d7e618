import { expect, test } from '@jest/globals';
import { TransportLoss } from '#node/transportLoss.js';

test('counts gaps of each publisher by itself', () => {
  const loss = new TransportLoss();
  loss.receive('a', 5n);
  loss.receive('b', 100n);
  loss.receive('a', 6n);
  expect(loss.lost).toBe(0);
  loss.receive('a', 9n);
  loss.receive('b', 102n);
  expect(loss.lost).toBe(3);
});

test('is unknown where the middleware has no sequence numbers', () => {
  const loss = new TransportLoss();
  loss.receive('a', 0xffff_ffff_ffff_ffffn);
  loss.receive('a', 0n);
  expect(loss.lost).toBeUndefined();
});

test('a publisher that starts again loses nothing', () => {
  const loss = new TransportLoss();
  loss.receive('a', 50n);
  loss.receive('a', 1n);
  loss.receive('a', 2n);
  expect(loss.lost).toBe(0);
});
