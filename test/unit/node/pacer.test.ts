import { expect, test } from '@jest/globals';
import { Pacer } from '#node/pacer.js';

test('hands over at once until times are known and when nothing runs', () => {
  const pacer = new Pacer();
  expect(pacer.delay(0, 0)).toBe(0);
  pacer.handedOver(0);
  expect(pacer.delay(1, 1)).toBe(0);
});

test('hands the next frame over so that it is prepared when the session is free', () => {
  const pacer = new Pacer();
  pacer.handedOver(0);
  pacer.cameBack(60, { prepare: 5, run: 50, finish: 5 }, 0);
  // Prepared at 105, the session is busy until 155; less 5 for preparing and a margin of 3.
  pacer.handedOver(100);
  expect(pacer.delay(110, 1)).toBeCloseTo(37);
  expect(pacer.delay(150, 1)).toBe(0);
});
