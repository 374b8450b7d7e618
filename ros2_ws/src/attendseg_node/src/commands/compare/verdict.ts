import { type Comparison, Named } from './comparison.js';
import { frameText } from './maskPairs.js';

/** What must hold for exit code 0; percent. */
export interface Limits {
  /** Masks without a partner, of A and B together. */
  readonly allowMissing: number;
  readonly minAgreement?: number;
  readonly minFrameAgreement?: number;
  readonly minIou?: number;
}

/**
 * Judges a comparison.
 * @param problems what of the recordings could not be read
 * @returns a line for each thing that is not as it must be, with what it is and by how much it misses
 */
export function failures(comparison: Comparison, limits: Limits, problems: readonly string[]): string[] {
  const { alone, unusable, worstFrame } = comparison;
  const lines: string[] = [];
  if (problems.length > 0)
    lines.push(
      `${counted(problems.length, 'part')} of the recordings could not be read; record or copy them again`,
    );
  if (unusable.count > 0) lines.push(`${counted(unusable.count, 'frame')} could not be compared`);
  const missing = alone.A.count + alone.B.count;
  if (missing > limits.allowMissing)
    lines.push(
      `${counted(missing, 'mask')} without a partner, --allow-missing ${limits.allowMissing}: ${alone.A.count} in A only${some(alone.A)}, ${alone.B.count} in B only${some(alone.B)}`,
    );
  if (comparison.pairs === 0) {
    lines.push('no mask of A was compared with one of B; give recordings of the same pictures');
    return lines;
  }
  const below = (what: string, value: number, option: string, limit: number | undefined): void => {
    if (limit === undefined || value >= limit) return;
    lines.push(
      `${what} is ${percent(value)} %, below ${option} ${limit} by ${Number.isNaN(value) ? '-' : shortfall(limit - value)}`,
    );
  };
  below('pixel agreement', comparison.agreement, '--min-agreement', limits.minAgreement);
  below(
    `agreement of the worst frame, ${frameText(worstFrame!.frame)},`,
    worstFrame!.agreement,
    '--min-frame-agreement',
    limits.minFrameAgreement,
  );
  below('mean IoU', comparison.meanIou(), '--min-iou', limits.minIou);
  return lines;
}

/** Four digits, rounded down: 100 is said of nothing less. */
export function percent(value: number): string {
  return Number.isNaN(value) ? '-' : (Math.floor(value * 1e4 + 1e-6) / 1e4).toFixed(4);
}

/** Rounded up, for the same reason. */
function shortfall(value: number): string {
  return (Math.ceil(value * 1e4 - 1e-6) / 1e4).toFixed(4);
}

/** With the first few, and that there are more. */
export function some({ count, first }: Named): string {
  if (count === 0) return '';
  return ` (${first.join(', ')}${count > first.length ? ', ...' : ''})`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
