import type { Stamp } from '../recording/imageCdr.js';
import { STAGES, type Camera } from './camera.js';
import type { TransportLoss } from './transportLoss.js';

/** diagnostic_msgs/msg/DiagnosticArray as a plain object. */
export interface DiagnosticArray {
  readonly header: { readonly stamp: Stamp; readonly frame_id: string };
  readonly status: readonly {
    readonly level: number;
    readonly name: string;
    readonly message: string;
    readonly hardware_id: string;
    readonly values: readonly { readonly key: string; readonly value: string }[];
  }[];
}

const LEVEL = { ok: 0, warn: 1, error: 2 } as const;

export interface DiagnosticSource {
  readonly node: string;
  readonly topic: string;
  readonly model: string;
  readonly provider: string;
  readonly threads: number;
  readonly camera: Camera;
  readonly loss: TransportLoss;
  readonly publishers: number;
  /** What was wrong with a frame since the last report, if anything. */
  readonly complaint: string | undefined;
}

/** One camera's state for /diagnostics. */
export function diagnose(source: DiagnosticSource, stamp: Stamp): DiagnosticArray {
  const { camera, loss } = source;
  const [level, message] =
    source.publishers === 0
      ? [LEVEL.warn, `nobody publishes ${source.topic}`]
      : source.complaint !== undefined
        ? [LEVEL.error, source.complaint]
        : [LEVEL.ok, camera.standby ? 'standby: nobody subscribes' : 'segmenting'];
  const entries: [string, string | number][] = [
    ['frames received', camera.received],
    ['masks', camera.segmented],
    ...Object.entries(camera.drops).map(([reason, count]): [string, number] => [`dropped: ${reason}`, count]),
    ['lost in transport', loss.lost ?? 'unknown'],
    ['provider', source.provider],
    ['threads', source.threads],
    ['model', source.model],
    ...STAGES.map((stage): [string, string] => [`${stage} p50 [ms]`, camera.stages[stage].median.toFixed(2)]),
    ['total p99 [ms]', camera.stages.total.percentile(0.99).toFixed(2)],
    ['resident memory [MiB]', Math.round(process.memoryUsage.rss() / 2 ** 20)],
  ];
  return {
    header: { stamp, frame_id: '' },
    status: [
      {
        level,
        name: `${source.node}: ${source.topic}`,
        message,
        hardware_id: source.provider,
        values: entries.map(([key, value]) => ({ key, value: String(value) })),
      },
    ],
  };
}
