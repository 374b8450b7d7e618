import type { EngineEntry } from '../../inference/engine/engineCache.js';
import type { LayerReport } from '../../inference/engine/layerReport.js';

/** A table, its columns as wide as they need. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** A row of `engine list`. */
export function entryRow({ id, facts }: EngineEntry, use: string): string[] {
  const { ground, device, engine, built } = facts;
  return [
    id,
    `${ground.board[0]!} (${device.sms} SMs)`,
    ground.tensorrt,
    ground.l4t,
    ground.flags.join(' '),
    mebibytes(engine.bytes),
    built.slice(0, 16).replace('T', ' '),
    use,
  ];
}

export const HEADINGS = ['engine', 'board', 'TensorRT', 'L4T', 'flags', 'size', 'built', 'usable here'];

export function layerLines({ layers, int8, others }: LayerReport): string[] {
  const all = int8.length + others.length;
  return [
    `  ${layers} layers; ${int8.length} of ${all} convolutions in int8`,
    ...others.map(({ name, type }) => `    not in int8: ${name} (${type})`),
  ];
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
