import { expect, test } from '@jest/globals';
import { pairByStamp, type Stamped } from '#commands/compare/pairByStamp.js';

/** @param read notes how far the stream was read */
async function* items(
  stamps: readonly number[],
  bytes = 1,
  read: (stamp: number) => void = () => undefined,
): AsyncGenerator<Stamped, void, void> {
  for (const stamp of stamps) {
    read(stamp);
    yield await Promise.resolve({ key: String(stamp), stamp: BigInt(stamp), bytes });
  }
}

/** `5` for a pair, `A5` and `B5` for what has no partner. */
async function paired(
  a: AsyncGenerator<Stamped, void, void>,
  b: AsyncGenerator<Stamped, void, void>,
): Promise<string[]> {
  const seen: string[] = [];
  for await (const match of pairByStamp(a, b)) {
    if ('alone' in match) seen.push(`${match.side}${match.alone.key}`);
    else {
      expect(match.a.key).toBe(match.b.key);
      seen.push(match.a.key);
    }
  }
  return seen;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test('by stamp, and what is missing on either side', async () => {
  expect(await paired(items([1, 2, 3]), items([1, 2, 3]))).toEqual(['1', '2', '3']);
  expect((await paired(items([1, 3, 4, 6]), items([2, 3, 4, 5]))).sort()).toEqual(
    ['3', '4', 'A1', 'A6', 'B2', 'B5'].sort(),
  );
  expect(await paired(items([]), items([1, 2]))).toEqual(['B1', 'B2']);
  expect(await paired(items([]), items([]))).toEqual([]);
});

test('stamps out of order, twice the same, or none at all', async () => {
  expect((await paired(items([2, 1, 4, 3]), items([1, 2, 3, 4]))).sort()).toEqual(['1', '2', '3', '4']);
  expect(await paired(items([5, 5, 6]), items([5, 6]))).toEqual(['5', '6', 'A5']);
  expect(await paired(items(Array(200).fill(0)), items(Array(200).fill(0)))).toEqual(Array(200).fill('0'));
});

test('a recording that starts earlier and ends later loses nothing of what both have', async () => {
  const seen = await paired(items(range(0, 1000)), items(range(300, 700)));
  expect(seen.filter((name) => !name.startsWith('A'))).toEqual(range(300, 700).map(String));
  expect(seen.filter((name) => name.startsWith('A'))).toHaveLength(600);
});

test('few are held, however many lack a partner', async () => {
  let [read, most, told] = [0, 0, 0];
  const count = (): void => {
    read++;
  };
  const odd = range(0, 1000).map((i) => 2 * i + 1);
  const even = range(0, 1000).map((i) => 2 * i);
  for await (const match of pairByStamp(items(odd, 1, count), items(even, 1, count))) {
    expect('alone' in match).toBe(true);
    told++;
    most = Math.max(most, read - told);
  }
  expect(told).toBe(2000);
  expect(most).toBeLessThanOrEqual(2 * 64);
});

test('large ones are held by their bytes', async () => {
  let [read, most, told] = [0, 0, 0];
  const stream = items(range(0, 100), 2 ** 26, () => {
    read++;
  });
  for await (const match of pairByStamp(stream, items([]))) {
    expect('alone' in match).toBe(true);
    most = Math.max(most, read - told++);
  }
  expect(told).toBe(100);
  expect(most).toBeLessThanOrEqual(5);
});
