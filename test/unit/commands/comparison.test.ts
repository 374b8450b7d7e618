import { describe, expect, test } from '@jest/globals';
import { classLooks } from '#commands/compare/classLooks.js';
import { Comparison } from '#commands/compare/comparison.js';
import type { Plane } from '#commands/compare/maskPairs.js';
import { chooseTopics } from '#commands/compare/topicPairs.js';
import { failures, percent } from '#commands/compare/verdict.js';

function plane(...pixels: number[]): Plane {
  return { width: pixels.length, height: 1, pixels: Uint8Array.from(pixels) };
}

function compared(...pairs: (readonly [a: Plane, b: Plane])[]): Comparison {
  const comparison = new Comparison(2, true);
  pairs.forEach(([a, b], i) => {
    comparison.add({ kind: 'mask', frame: { name: String(i) }, a, b });
  });
  return comparison;
}

const HALF = [plane(0, 0, 1, 255), plane(0, 1, 1, 2)] as const;
const SAME = [plane(3, 3, 3, 3), plane(3, 3, 3, 3)] as const;

test('figures as worked out by hand', () => {
  const comparison = compared(SAME, HALF);
  expect(comparison.pairs).toBe(2);
  expect(comparison.agreement).toBe(75);
  expect(comparison.worstFrame).toEqual({ frame: { name: '1' }, agreement: 50 });
  expect(comparison.series.get('')).toEqual([100, 50]);
  expect(comparison.classes()).toEqual([
    { id: 0, shareA: 25, shareB: 12.5, iou: 50 },
    { id: 1, shareA: 12.5, shareB: 25, iou: 50 },
    // In B only.
    { id: 2, shareA: 0, shareB: 12.5, iou: 0 },
    { id: 3, shareA: 50, shareB: 50, iou: 100 },
    { id: 255, shareA: 12.5, shareB: 0, iou: 0 },
  ]);
  expect(comparison.meanIou()).toBeCloseTo((50 + 50 + 100) / 3);
  expect(comparison.unlabelled()).toEqual({ became: 0, ceased: 1 });
  expect(compared([HALF[1], HALF[0]]).unlabelled()).toEqual({ became: 1, ceased: 0 });
});

test('unlabelled is a value like others for agreement', () => {
  expect(compared([plane(255, 255), plane(255, 255)]).agreement).toBe(100);
  expect(compared([plane(255, 255), plane(255, 255)]).meanIou()).toBeNaN();
});

test('confidence of B less that of A', () => {
  const comparison = new Comparison(0, false);
  comparison.add({
    kind: 'confidence',
    frame: { name: '' },
    a: plane(0, 255, 9, 9),
    b: plane(255, 0, 9, 13),
  });
  comparison.add({ kind: 'alone', of: 'confidence', side: 'A', frame: { name: '' } });
  const { confidence, alone } = comparison;
  expect([confidence.mean, confidence.meanAbsolute]).toEqual([1, (255 + 255 + 4) / 4]);
  expect([confidence.pairs, confidence.alone, alone.A.count]).toEqual([1, 1, 0]);
});

test('masks of two sizes are no pair, also where they have as many pixels', () => {
  const comparison = compared([plane(1, 1), { width: 1, height: 2, pixels: Uint8Array.of(1, 1) }]);
  expect([comparison.pairs, comparison.unusable.count]).toEqual([0, 1]);
  expect(comparison.unusable.first[0]).toBe('0: 2x1 in A, but 1x2 in B; compare masks of one size');
});

test('the worst frames in order, with their masks, and no more than asked for', () => {
  const frames = [1, 3, 2, 3].map((n) => plane(...Array.from({ length: 4 }, (_, i) => Number(i < n))));
  const comparison = compared(...frames.map((b) => [plane(0, 0, 0, 0), b] as const), SAME);
  const { frames: worst } = comparison.worst;
  expect(worst.map(({ frame, agreement }) => [frame.name, agreement])).toEqual([
    ['1', 25],
    ['3', 25],
  ]);
  expect(worst[0]!.masks!()).toEqual({ a: plane(0, 0, 0, 0), b: frames[1] });
  expect(compared(SAME).worst.frames).toEqual([]);
});

test('a limit that is just met, and one that is just missed', () => {
  const comparison = compared(SAME, HALF);
  const limits = { allowMissing: 0 };
  expect(
    failures(comparison, { ...limits, minAgreement: 75, minFrameAgreement: 50, minIou: 66.6 }, []),
  ).toEqual([]);
  expect(
    failures(comparison, { ...limits, minAgreement: 75.01, minFrameAgreement: 50.5, minIou: 70 }, []),
  ).toEqual([
    'pixel agreement is 75.0000 %, below --min-agreement 75.01 by 0.0100',
    'agreement of the worst frame, 1, is 50.0000 %, below --min-frame-agreement 50.5 by 0.5000',
    'mean IoU is 66.6666 %, below --min-iou 70 by 3.3334',
  ]);
});

test('a mean IoU that there is not misses its limit', () => {
  const lines = failures(compared([plane(255), plane(255)]), { allowMissing: 0, minIou: 0 }, []);
  expect(lines).toHaveLength(1);
});

test('100 % is said of nothing less', () => {
  expect([100, 99.99999999, 0, 99.9, 57.1234].map(percent)).toEqual([
    '100.0000',
    '99.9999',
    '0.0000',
    '99.9000',
    '57.1234',
  ]);
});

describe('topics', () => {
  const bag = (path: string, ...images: string[]): { path: string; images: string[] } => ({ path, images });

  test('by name; the only ones of each whatever they are called', () => {
    const a = bag('A', '/l/mask', '/r/mask', '/l/image', '/l/confidence');
    expect(chooseTopics(a, bag('B', '/r/mask', '/x/mask'), [])).toEqual([
      { a: '/l/mask', b: undefined },
      { a: '/r/mask', b: '/r/mask' },
      { a: undefined, b: '/x/mask' },
    ]);
    expect(chooseTopics(bag('A', '/mask', '/image'), bag('B', '/labels'), [])).toEqual([
      { a: '/mask', b: '/labels' },
    ]);
  });

  test('those that are wanted, whatever they are called', () => {
    const [a, b] = [bag('A', '/l/mask', '/r/mask', '/old'), bag('B', '/l/mask', '/new')];
    expect(chooseTopics(a, b, ['/l/mask'])).toEqual([{ a: '/l/mask', b: '/l/mask' }]);
    expect(chooseTopics(a, b, ['/old', '/new'])).toEqual([{ a: '/old', b: '/new' }]);
    expect(() => chooseTopics(a, b, ['/mask'])).toThrow(
      '/mask: no topic of pictures in A or B; A has /l/mask',
    );
    expect(() => chooseTopics(a, b, ['/old'])).toThrow('B: none of /old is in it; B has /l/mask, /new');
  });

  test('none', () => {
    expect(() => chooseTopics(bag('A', '/x', '/y'), bag('B', '/mask'), [])).toThrow(
      'A: which topic has masks? None is called .../mask; name it by --topics; A has /x, /y',
    );
    expect(() => chooseTopics(bag('A', '/mask'), bag('B'), [])).toThrow(
      'B has no sensor_msgs/msg/Image at all',
    );
  });
});

test('names by the recording, colours by the class of that name in the model', () => {
  const classes = [
    { name: 'road', color: [1, 2, 3] },
    { name: 'sky', color: 'none' as const },
  ];
  const model = classLooks(undefined, { classes });
  expect([0, 1, 2, 255].map((id) => model.name(id))).toEqual(['road', 'sky', 'class 2', 'unlabelled']);
  expect([0, 1, 255].map((id) => model.colour(id))).toEqual([
    [1, 2, 3],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  const recorded = classLooks(new Map([[7, 'road']]), { classes });
  expect([recorded.name(7), recorded.name(0)]).toEqual(['road', 'class 0']);
  expect(recorded.colour(7)).toEqual([1, 2, 3]);
});
