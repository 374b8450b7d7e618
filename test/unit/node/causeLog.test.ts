import { expect, test } from '@jest/globals';
import { CauseLog } from '#node/causeLog.js';

function setUp(): { log: CauseLog; lines: string[] } {
  const lines: string[] = [];
  return { log: new CauseLog((line) => lines.push(line)), lines };
}

test('a cause is said once and then summed up', () => {
  const { log, lines } = setUp();
  for (let i = 0; i < 300; i++) log.say('step', `step is wrong (${i})`);
  log.say('size', 'size is wrong');
  expect(lines.splice(0)).toEqual(['step is wrong (0)', 'size is wrong']);
  log.sumUp();
  expect(lines.splice(0)).toEqual(['299 more times: step is wrong (299)']);
  log.sumUp();
  expect(lines).toEqual([]);
  log.say('step', 'step is wrong again');
  expect(lines).toEqual(['step is wrong again']);
});

test('thousands of causes are a few lines, and none is forgotten', () => {
  const { log, lines } = setUp();
  for (let period = 0; period < 5; period++) {
    for (let i = 0; i < 5000; i++) log.say(`cause ${period} ${i}`, `message ${i}`);
    log.sumUp();
    const numbers = lines.splice(0).map((line) => Number(/^(\d+) more times/.exec(line)?.[1] ?? 1));
    expect(numbers.length).toBeLessThan(70);
    expect(numbers.reduce((sum, count) => sum + count)).toBe(5000);
  }
});
