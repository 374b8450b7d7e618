/** `info` is what is neither good nor bad, such as what a machine that is no Jetson has not got. */
export type Level = 'ok' | 'info' | 'warning' | 'error';

/** What one look at the machine found. */
export interface Finding {
  /** The heading that it stands under. */
  readonly group: string;
  readonly name: string;
  readonly level: Level;
  /** In one line. */
  readonly value: string;
  /** What to do about it, where something can be done. */
  readonly remedy?: string;
}

type Say = (name: string, value: string, remedy?: string) => Finding;

/** Makes findings of one group, by level. */
export function inGroup(group: string): Record<Level, Say> {
  const at =
    (level: Level): Say =>
    (name, value, remedy) => ({ group, name, level, value, ...(remedy === undefined ? {} : { remedy }) });
  return { ok: at('ok'), info: at('info'), warning: at('warning'), error: at('error') };
}

/** What was said as `cause; remedy`, which is how the program's errors are written, in these two parts. */
export function causeAndRemedy(said: string): [cause: string, remedy?: string] {
  const end = said.lastIndexOf('; ');
  return end < 0 ? [said] : [said.slice(0, end), said.slice(end + 2)];
}
