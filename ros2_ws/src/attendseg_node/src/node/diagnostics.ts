import type { Model } from '../inference/model.js';
import { sessionThreads } from '../inference/providers.js';
import type { DiagnosticStatus } from '../recording/infoMessages.js';
import { STAGES, type Camera } from './camera.js';
import type { Health } from './health.js';
import type { Pace } from './rates.js';
import type { Source } from './topicSource.js';

const LEVELS = { ok: 0, warn: 1, error: 2 } as const;

export interface DiagnosticSource {
  readonly node: string;
  readonly model: Model;
  /** As asked. */
  readonly threads: number;
  readonly camera: Camera;
  readonly source: Source;
  readonly pace: Pace;
  /** Of TensorRT, for people. */
  readonly engine: string;
  readonly health: Health;
}

/** One camera's state for /diagnostics. */
export function diagnose({
  node,
  model,
  threads,
  camera,
  source,
  pace,
  engine,
  health,
}: DiagnosticSource): DiagnosticStatus {
  const { counts, stages, ages } = camera;
  const { provider } = model.choice;
  const entries: [string, string | number][] = [
    ['rate in [Hz]', pace.received.toFixed(1)],
    ['rate out [Hz]', pace.published.toFixed(1)],
    ['age p50 [ms]', ages.median.toFixed(2)],
    ['age p99 [ms]', ages.percentile(0.99).toFixed(2)],
    ['frames received', counts.received],
    ['masks', counts.published],
    ...Object.entries(counts.drops).map(([reason, count]): [string, number] => [`dropped: ${reason}`, count]),
    ['frames with logits that are not finite', camera.overflown],
    ['lost in transport', source.lost ?? 'unknown'],
    ['provider', provider],
    ['engine', engine],
    ['threads', sessionThreads(threads)],
    ['model', model.manifest.name],
    ['model sha256', model.sha256],
    ...STAGES.map((stage): [string, string] => [`${stage} p50 [ms]`, stages[stage].median.toFixed(2)]),
    ['total p99 [ms]', stages.total.percentile(0.99).toFixed(2)],
    ['resident memory [MiB]', Math.round(process.memoryUsage.rss() / 2 ** 20)],
  ];
  return {
    level: LEVELS[health.level],
    name: `${node}: ${source.name}`,
    message: health.message,
    hardware_id: provider,
    values: entries.map(([key, value]) => ({ key, value: String(value) })),
  };
}
