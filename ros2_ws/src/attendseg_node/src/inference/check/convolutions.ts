import { elements, INT8, isZero, OnnxGraph, type Constant, type GraphNode } from './onnxGraph.js';

/** One convolution of a file, and what is wrong with it for int8. */
export interface Convolution {
  /** Its name, or that of what it gives. */
  readonly name: string;
  readonly weights: readonly number[];
  /** The tensor that they are stored in, before it is made floats; undefined if the file lacks it. */
  readonly stored: string | undefined;
  /** What it gives, to look its size up. */
  readonly output: string;
  /** Whether it only enlarges: the same kernel for each channel by itself, nothing that was learnt. */
  readonly isFixed: boolean;
  /** How the file has it: as an operator on integers, between Q and DQ, or in floats. */
  readonly form: 'integer' | 'qdq' | 'float';
  /** What keeps it from int8, or spoils it, wherever it runs. */
  readonly problems: readonly string[];
  /** What TensorRT demands besides. */
  readonly tensorrtProblems: readonly string[];
}

/** Operators on integers, and the place of the weights among what each takes. */
export const INTEGER: ReadonlyMap<string, number> = new Map([
  ['QLinearConv', 3],
  ['ConvInteger', 1],
]);

/** All convolutions of a graph, in its order. */
export function convolutionsOf(graph: OnnxGraph): Convolution[] {
  return graph.nodes
    .filter(({ op }) => op === 'Conv' || INTEGER.has(op))
    .map((node) => (node.op === 'Conv' ? floatOrQdq(graph, node) : integer(graph, node)));
}

function integer(graph: OnnxGraph, node: GraphNode): Convolution {
  const [scale, zero] = node.op === 'QLinearConv' ? [4, 5] : [-1, 3];
  const name = node.inputs[INTEGER.get(node.op)!];
  const weights = graph.constants.get(name ?? '')?.dims ?? [];
  return {
    name: nameOf(node),
    weights,
    stored: name,
    output: node.outputs[0]!,
    isFixed: false,
    form: 'integer',
    problems: weightProblems(
      weights,
      scale < 0 ? undefined : lengthOf(graph, node.inputs[scale]),
      graph.constants.get(node.inputs[zero] ?? ''),
    ),
    tensorrtProblems: [`TensorRT knows no ${node.op}; export it with QuantizeLinear and DequantizeLinear`],
  };
}

function floatOrQdq(graph: OnnxGraph, node: GraphNode): Convolution {
  const [picture, weightName] = node.inputs;
  const before = graph.madeBy(picture, 'DequantizeLinear');
  const weightBefore = graph.madeBy(weightName, 'DequantizeLinear');
  const storedName = weightBefore?.inputs[0] ?? weightName;
  const stored = graph.constants.get(storedName ?? '');
  const weights = stored?.dims ?? [];
  const after = quantisersBehind(graph, node);
  const isFixed = weightBefore === undefined && repeatsOneKernel(graph, node, stored);
  const problems: string[] = [];
  if (before === undefined) problems.push('its input is not quantised: no DequantizeLinear before it');
  if (weightBefore === undefined) problems.push('its weights are not quantised');
  const tensorrtProblems: string[] = [];
  if (after.some((op) => op === undefined))
    tensorrtProblems.push('what it gives is not quantised: no QuantizeLinear behind it');
  if (
    graph.takers
      .get(node.outputs[0]!)
      ?.some(({ op, outputs }) => op === 'QuantizeLinear' && dequantisedToRelu(graph, outputs[0]!))
  )
    tensorrtProblems.push('it is quantised before its ReLU, which keeps TensorRT from fusing both');
  for (const quantiser of [before, ...after.filter((each) => each !== undefined)])
    if (quantiser !== undefined) tensorrtProblems.push(...asymmetry(graph, quantiser));
  if (weightBefore !== undefined) {
    const zero = graph.constants.get(weightBefore.inputs[2] ?? '');
    problems.push(...weightProblems(weights, lengthOf(graph, weightBefore.inputs[1]), zero));
    if (stored !== undefined && stored.type !== INT8) tensorrtProblems.push('its weights are not int8');
  }
  return {
    name: nameOf(node),
    weights,
    stored: storedName,
    output: node.outputs[0]!,
    isFixed,
    form: before !== undefined && weightBefore !== undefined ? 'qdq' : 'float',
    problems: isFixed ? [] : problems,
    tensorrtProblems: isFixed ? [] : [...new Set(tensorrtProblems)],
  };
}

function nameOf({ name, outputs }: GraphNode): string {
  return name === '' ? `the one that gives ${outputs[0] ?? 'nothing'}` : name;
}

/** How many scales; undefined where they are computed in the graph. */
function lengthOf(graph: OnnxGraph, scale: string | undefined): number | undefined {
  const found = graph.constants.get(scale ?? '');
  return found && elements(found.dims);
}

function weightProblems(
  weights: readonly number[],
  scales: number | undefined,
  zero: Constant | undefined,
): string[] {
  const outputs = weights[0] ?? 1;
  const problems: string[] = [];
  if (scales !== undefined && scales < outputs)
    problems.push(`its weights have ${scales} scale for ${outputs} channels; quantise them per channel`);
  if (zero !== undefined && !isZero(zero))
    problems.push('its weights are asymmetric: a zero point that is not 0');
  return problems;
}

/** What stands behind a convolution and its ReLU: the quantisers, or undefined for what takes its floats. */
function quantisersBehind(graph: OnnxGraph, node: GraphNode): (GraphNode | undefined)[] {
  return (graph.takers.get(node.outputs[0]!) ?? []).flatMap((taker) => {
    if (taker.op === 'QuantizeLinear') return [taker];
    if (taker.op === 'Relu' || taker.op === 'Clip')
      return (graph.takers.get(taker.outputs[0]!) ?? [undefined]).map((next) =>
        next?.op === 'QuantizeLinear' ? next : undefined,
      );
    return [undefined];
  });
}

function dequantisedToRelu(graph: OnnxGraph, quantised: string): boolean {
  return (graph.takers.get(quantised) ?? []).some(
    ({ op, outputs }) =>
      op === 'DequantizeLinear' && graph.takers.get(outputs[0]!)?.some((next) => next.op === 'Relu') === true,
  );
}

/** What TensorRT refuses of a Q or DQ on activations. */
function asymmetry(graph: OnnxGraph, { op, name, inputs }: GraphNode): string[] {
  const said = name === '' ? op : `${op} ${name}`;
  const zero = graph.constants.get(inputs[2] ?? '');
  const problems: string[] = [];
  if (zero !== undefined && !isZero(zero))
    problems.push(`asymmetric activations: ${said} has a zero point that is not 0`);
  if (zero === undefined || zero.type !== INT8)
    problems.push(`${said} is not of int8, which TensorRT demands`);
  if ((lengthOf(graph, inputs[1]) ?? 1) > 1)
    problems.push(`${said} has a scale for each channel; activations have one`);
  return problems;
}

/** Bilinear enlargement by a convolution: each channel by itself, all with one kernel. */
function repeatsOneKernel(graph: OnnxGraph, node: GraphNode, stored: Constant | undefined): boolean {
  const groups = node.numbers.get('group')?.[0] ?? 1;
  if (groups < 2) return false;
  if (stored === undefined) return graph.madeBy(node.inputs[1], 'Tile') !== undefined;
  const { raw, dims } = stored;
  const each = raw.length / groups;
  return (
    dims[1] === 1 && Number.isInteger(each) && each > 0 && raw.every((byte, i) => byte === raw[i % each])
  );
}
