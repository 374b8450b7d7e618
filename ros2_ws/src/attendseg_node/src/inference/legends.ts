import { drawLegend, type Legend, type LegendEntry, legendScale } from '../vision/legend.js';
import type { ClassTable } from './classTable.js';

/** The legends of class tables, each drawn once for every scale. */
export class Legends {
  readonly #drawn = new WeakMap<ClassTable, { entries: LegendEntry[]; byScale: Map<number, Legend> }>();

  /** For an overlay of this size; undefined where it has no room for one. */
  of(classes: ClassTable, width: number, height: number): Legend | undefined {
    let drawn = this.#drawn.get(classes);
    if (drawn === undefined) {
      drawn = { entries: entriesOf(classes), byScale: new Map() };
      this.#drawn.set(classes, drawn);
    }
    const scale = legendScale(drawn.entries, width, height);
    if (scale < 1) return undefined;
    let legend = drawn.byScale.get(scale);
    if (legend === undefined) drawn.byScale.set(scale, (legend = drawLegend(drawn.entries, scale)));
    return legend;
  }
}

/** Classes that are tinted. */
function entriesOf({ names, lut, palette }: ClassTable): LegendEntry[] {
  return [...names].flatMap(([id, name]) => {
    const at = 4 * lut.indexOf(id);
    const [red = 0, green = 0, blue = 0, alpha] = palette.subarray(at, at + 4);
    return alpha === 0 ? [] : [{ name, color: [red, green, blue] as const }];
  });
}
