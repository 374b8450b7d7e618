import { expect, test } from '@jest/globals';
import { sendPatiently } from '#node/serviceAnswer.js';

const UNDISCOVERED = 'client will not receive response, at /project/src/rmw_response.cpp:153';

/** A middleware that discovers the client before its `after`th answer. */
function middleware(after: number): { send: () => void; sent: () => number; tries: () => number } {
  let tries = 0;
  let sent = 0;
  return {
    send: () => {
      if (++tries < after) throw new Error(UNDISCOVERED);
      sent++;
    },
    sent: () => sent,
    tries: () => tries,
  };
}

const wait = (): Promise<void> => Promise.resolve();
const never = (): boolean => false;

test.each([1, 2, 20])('a client that is discovered at try %i gets its answer once', async (after) => {
  const { send, sent, tries } = middleware(after);
  await sendPatiently(send, never, wait);
  expect([sent(), tries()]).toEqual([1, after]);
});

test('the first try is made at once, so that answers keep their order', () => {
  const { send, sent } = middleware(1);
  void sendPatiently(send, never, wait);
  expect(sent()).toBe(1);
});

test('a client that never is discovered is given up, and named as the cause', async () => {
  const { send, tries } = middleware(Infinity);
  await expect(sendPatiently(send, never, wait)).rejects.toThrow('not discovered in 20 tries');
  expect(tries()).toBe(20);
});

test('nothing is sent once ROS is at its end', async () => {
  const { send, tries } = middleware(Infinity);
  await sendPatiently(send, () => tries() === 3, wait);
  expect(tries()).toBe(3);
});

test('another error is not tried again', async () => {
  let tries = 0;
  const broken = (): void => {
    tries++;
    throw new Error('publisher is invalid');
  };
  await expect(sendPatiently(broken, never, wait)).rejects.toThrow('publisher is invalid');
  expect(tries).toBe(1);
});
