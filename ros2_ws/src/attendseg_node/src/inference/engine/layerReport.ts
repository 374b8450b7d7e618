import { z } from 'zod';

const tensor = z.looseObject({ 'Format/Datatype': z.string().optional() });
const layer = z.looseObject({
  Name: z.string(),
  LayerType: z.string().optional(),
  ParameterType: z.string().optional(),
  Inputs: z.array(tensor).optional(),
  Weights: z.looseObject({ Type: z.string().optional() }).optional(),
});
/** Names alone are written where the engine was built without detailed profiling. */
const report = z.looseObject({ Layers: z.array(z.union([layer, z.string()])) });
type Layer = z.infer<typeof layer>;

/** What became of an engine's convolutions. */
export interface LayerReport {
  readonly layers: number;
  readonly int8: readonly string[];
  /** Each with what it was built as. */
  readonly others: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Reads what `trtexec --exportLayerInfo` wrote.
 * @throws Error saying why it tells nothing
 */
export function readLayerReport(text: string): LayerReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('is no JSON');
  }
  const parsed = report.safeParse(value);
  if (!parsed.success) throw new Error('is no layer report of trtexec');
  const layers = parsed.data.Layers.filter((entry) => typeof entry !== 'string');
  if (layers.length === 0) throw new Error('has names of layers only, or none');
  const convolutions = layers.filter(isConvolution);
  return {
    layers: layers.length,
    int8: convolutions.filter(isInt8).map(({ Name }) => Name),
    others: convolutions
      .filter((one) => !isInt8(one))
      .map((one) => ({ name: one.Name, type: typesOf(one).join(', ') || 'unknown' })),
  };
}

/** CaskConvolution, CaskGemmConvolution, CaskDeconvolution…, and what is fused with one, as CaskConvActPool. */
function isConvolution({ ParameterType, LayerType }: Layer): boolean {
  return /^(?:De)?convolution$/i.test(ParameterType ?? '') || /conv/i.test(LayerType ?? '');
}

/** Int8 in and, where the report tells them, int8 weights. */
function isInt8(one: Layer): boolean {
  const [input] = one.Inputs ?? [];
  return /int8/i.test(input?.['Format/Datatype'] ?? '') && /int8/i.test(one.Weights?.Type ?? 'int8');
}

function typesOf(one: Layer): string[] {
  const input = one.Inputs?.[0]?.['Format/Datatype'];
  const weights = one.Weights?.Type;
  return [...(input === undefined ? [] : [input]), ...(weights === undefined ? [] : [`weights ${weights}`])];
}
