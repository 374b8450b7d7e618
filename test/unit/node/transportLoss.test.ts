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

test('what comes late or out of order was not lost', () => {
  const loss = new TransportLoss();
  for (const number of [10n, 12n, 11n, 15n, 9n, 14n]) loss.receive('a', number);
  expect(loss.lost).toBe(1);
  loss.receive('a', 13n);
  expect(loss.lost).toBe(0);
});

test('a new count that begins below the first number is no loss either', () => {
  const loss = new TransportLoss();
  for (const number of [5n, 6n, 7n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]) loss.receive('a', number);
  expect(loss.lost).toBe(0);
  for (const number of [5000n, 1n, 2n, 4n]) loss.receive('b', number);
  expect(loss.lost).toBe(1);
});

test.each([2, 17, 300])('%p publishers in turns', (count) => {
  const loss = new TransportLoss();
  for (let number = 1; number <= 20; number += 2)
    for (let i = 0; i < count; i++) loss.receive(`publisher ${i}`, BigInt(number));
  expect(loss.lost).toBe(9 * count);
});

test('any number of losses and publishers takes bounded memory', () => {
  const loss = new TransportLoss();
  loss.receive('a', 1n);
  loss.receive('a', 10n ** 15n);
  expect(loss.lost).toBe(10 ** 15 - 2);
  for (let i = 0; i < 5000; i++) loss.receive(`publisher ${i}`, 7n);
  expect(loss.lost).toBe(10 ** 15 - 2);
});
