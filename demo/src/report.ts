import { relative } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { ConfusionMatrix } from '#inference/confusionMatrix.js';
import type { Size } from '#commands/optionValues.js';
import { readManifest } from '#inference/manifest.js';
import { shippedModel } from '#inference/shippedModel.js';
import { Street } from '#street/street.js';
import { contactSheet } from './contactSheet.js';
import type { DemoRecord } from './record.js';
import { RVIZ } from './topics.js';

/** What was shown to which model. */
export interface Shown {
  /** The folder of pictures; without one it was the street of `seed` and `size`. */
  readonly images?: string;
  readonly seed: number;
  readonly size: Size;
  /** Folder or manifest; the shipped one by default. */
  readonly model?: string;
}

/** Writes summary.json and the contact sheet, and prints the table. */
export async function writeDemoReport(record: DemoRecord, options: Shown): Promise<void> {
  const { out } = record;
  const { classes } = readManifest(options.model ?? shippedModel());
  const truth = options.images === undefined && options.model === undefined;
  const confusion = new ConfusionMatrix(classes.length);
  const pixels = new Float64Array(256);
  const street = new Street({ seed: options.seed, ...options.size });
  let frame;
  for (const { index, labels } of record.masks()) {
    for (const id of labels) pixels[id]!++;
    if (truth) confusion.add((frame = street.frame(index, frame)).labels, labels);
    // A signal is heard between two pictures.
    await breathe();
  }
  const total = pixels.reduce((sum, count) => sum + count, 0);
  const iou = confusion.iou();
  const latencies = record.latencies();
  const percentile = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]!;
  const summary = {
    sent: record.sentCount,
    received: Number(record.reported('frames received')),
    segmented: Number(record.reported('masks')),
    masks: record.maskCount,
    superseded: Number(record.reported('dropped: superseded')),
    lost_in_transport: record.reported('lost in transport'),
    latency_ms: { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) },
    run_ms_median: Number(record.reported('run p50 [ms]')),
    provider: record.reported('provider'),
    mean_iou: truth ? confusion.meanIou() : null,
    classes: classes.map(({ name }, id) => ({
      name,
      share: (100 * pixels[id]!) / total,
      iou: truth && !Number.isNaN(iou[id]) ? iou[id] : null,
    })),
  };
  await out.write('summary.json', `${JSON.stringify(summary, null, 2)}\n`);
  const overlays = await record.overlays();
  await out.write('contact_sheet.png', await contactSheet(overlays));

  const line = (name: string, value: string): void => {
    console.log(`  ${name.padEnd(20)}${value}`);
  };
  console.log('');
  line('frames', `${summary.sent} sent, ${summary.received} received, ${summary.segmented} segmented`);
  line(
    'not segmented',
    `${summary.superseded} superseded by a newer one, ${summary.lost_in_transport} lost in transport`,
  );
  line(
    'stamp to mask',
    `p50 ${ms(summary.latency_ms.p50)}, p95 ${ms(summary.latency_ms.p95)}, p99 ${ms(summary.latency_ms.p99)}`,
  );
  line('session run', `${ms(summary.run_ms_median)} median, on ${summary.provider}`);
  if (summary.mean_iou !== null)
    line('mean IoU', `${summary.mean_iou.toFixed(1)} against the street's exact labels`);
  console.log(`\n  ${'class'.padEnd(20)}share  ${truth ? '  IoU' : ''}`);
  summary.classes.forEach(({ name, share, iou }, id) => {
    const value = iou === null || iou === undefined ? '' : iou.toFixed(1).padStart(5);
    console.log(
      `  ${swatch(classes[id]!.color)}${name.padEnd(17)}${share.toFixed(1).padStart(5)} %  ${value}`,
    );
  });
  const shown = relative(process.cwd(), out.path) || '.';
  console.log(
    `\n  ${shown}/contact_sheet.png of ${overlays.length} pictures, ${shown}/overlay_*.png, ${shown}/summary.json`,
  );
  console.log(`  Live:  npm run demo -- --live   and, with a sourced ROS,   ${RVIZ}\n`);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** A square of the class colour, if it has one, where the terminal shows colours. */
function swatch(color: readonly number[] | 'none'): string {
  if (color === 'none') return '   ';
  const [red = 0, green = 0, blue = 0] = color;
  return process.stdout.isTTY ? `\u001b[48;2;${red};${green};${blue}m  \u001b[0m ` : '   ';
}
