import { expect, test } from '@jest/globals';
import { Frame, FrameCounts } from '#node/frame.js';
import { Rates } from '#node/rates.js';

const PICTURE = { stamp: { sec: 0, nanosec: 0 }, frameId: '', image: {} } as ConstructorParameters<
  typeof Frame
>[0];

test('rates are those since the last look', () => {
  const counts = new FrameCounts();
  const end = (how: 'published' | 'superseded', times: number): void => {
    for (let i = 0; i < times; i++) new Frame(PICTURE, 0, counts).end(how);
  };
  const rates = new Rates(counts, 1000);
  end('published', 6);
  end('superseded', 4);
  expect(rates.look(3000)).toEqual({ received: 5, published: 3, superseded: 2 });
  end('published', 1);
  expect(rates.look(3500)).toEqual({ received: 2, published: 2, superseded: 0 });
  expect(rates.look(3500)).toEqual({ received: 0, published: 0, superseded: 0 });
});
