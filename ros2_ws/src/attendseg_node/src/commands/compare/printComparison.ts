import type { ClassLooks } from './classLooks.js';
import type { Comparison } from './comparison.js';
import { frameText } from './maskPairs.js';
import { counted, percent, some } from './verdict.js';

/** What was compared, for people and programs. */
export interface Compared {
  readonly a: string;
  readonly b: string;
  readonly comparison: Comparison;
  readonly looks: ClassLooks;
  /** Lines; none if all is well. */
  readonly failed: readonly string[];
  /** What could not be read. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** As plain values, for --json. Figures that there are not are null. */
export function comparisonJson({ a, b, comparison, looks, failed, problems, notes }: Compared): unknown {
  const { alone, unusable, confidence, worstFrame } = comparison;
  const { became, ceased } = comparison.unlabelled();
  return {
    a,
    b,
    passed: failed.length === 0,
    failed,
    pairs: comparison.pairs,
    only_in_a: { count: alone.A.count, first: alone.A.first },
    only_in_b: { count: alone.B.count, first: alone.B.first },
    not_comparable: { count: unusable.count, first: unusable.first },
    problems,
    notes,
    pixel_agreement: comparison.agreement,
    worst_frame: worstFrame === undefined ? null : { ...worstFrame.frame, agreement: worstFrame.agreement },
    mean_iou: comparison.meanIou(),
    classes: comparison.classes().map(({ id, shareA, shareB, iou }) => ({
      id,
      name: looks.name(id),
      share_a: shareA,
      share_b: shareB,
      iou,
    })),
    became_unlabelled: became,
    ceased_to_be_unlabelled: ceased,
    confidence:
      confidence.pairs === 0
        ? null
        : {
            pairs: confidence.pairs,
            without_partner: confidence.alone,
            mean_shift: confidence.mean,
            mean_absolute_shift: confidence.meanAbsolute,
          },
    worst_frames: comparison.worst.frames.map(({ frame, agreement }) => ({ ...frame, agreement })),
  };
}

/** As lines of figures, for the terminal. */
export function comparisonLines({ comparison, looks }: Compared): string[] {
  const { alone, confidence, worstFrame } = comparison;
  const lines: string[] = [];
  if (worstFrame !== undefined) {
    const classes = comparison.classes();
    const width = Math.max(...classes.map(({ id }) => looks.name(id).length), 'pixel agreement'.length);
    lines.push(`  ${'class'.padEnd(width)}   A [%]   B [%]   IoU [%]`);
    for (const { id, shareA, shareB, iou } of classes) {
      const [a, b] = [shareA, shareB].map((share) => share.toFixed(2).padStart(6));
      lines.push(`  ${looks.name(id).padEnd(width)}  ${a!}  ${b!}  ${percent(iou).padStart(8)}`);
    }
    const row = (name: string, value: number, more = ''): string =>
      `  ${name.padEnd(width)}  ${' '.repeat(16)}${percent(value).padStart(8)}${more}`;
    lines.push(row('mean IoU', comparison.meanIou()));
    lines.push(row('pixel agreement', comparison.agreement));
    lines.push(row('worst frame', worstFrame.agreement, `  ${frameText(worstFrame.frame)}`));
    const { became, ceased } = comparison.unlabelled();
    if (became + ceased > 0)
      lines.push(`  ${counted(became, 'pixel')} became unlabelled, ${ceased} ceased to be`);
    if (confidence.pairs > 0)
      lines.push(
        `  confidence B - A: mean ${confidence.mean.toFixed(3)}, mean absolute ${confidence.meanAbsolute.toFixed(3)} of 255, ${counted(confidence.pairs, 'pair')}${confidence.alone > 0 ? `, ${confidence.alone} without a partner` : ''}`,
      );
  }
  for (const side of ['A', 'B'] as const) {
    const named = alone[side];
    if (named.count > 0) lines.push(`  ${counted(named.count, 'mask')} in ${side} only${some(named)}`);
  }
  return lines;
}

/** The line above the figures. */
export function headline({ a, b, comparison }: Compared): string {
  const topics = comparison.series.size;
  return `A ${a}, B ${b}: ${counted(comparison.pairs, 'pair')} of masks${topics > 1 ? ` on ${topics} topics` : ''}`;
}
