/** How far a name may be from a known one, in letters, to be meant as that. */
const FARTHEST = 2;

/** The known name that may be meant by one that is not known; undefined if none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  return known
    .map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, far }) => far <= Math.min(FARTHEST, other.length - 1))
    .sort((a, b) => a.far - b.far)[0]?.other;
}

/** Letters to insert, leave out or change (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = row[j]! + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(changed, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
