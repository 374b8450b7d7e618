import { statSync } from 'node:fs';
import {
  type CheckedConvolution,
  type CheckedProvider,
  checkModel,
  faultsOf,
  type ModelCheck,
} from '../../inference/check/checkModel.js';
import { readManifest, type ModelFile } from '../../inference/manifest.js';
import { modelPath } from '../../inference/modelFile.js';
import type { Size } from '../optionValues.js';

export interface CheckOptions {
  readonly size: Size;
  readonly provider?: CheckedProvider;
  readonly all?: true;
}

/**
 * `attendseg model check`: prints how each convolution runs, of an ONNX file or of all that a model has.
 * @returns whether all do in int8 where they are to
 */
export async function check(wish: string, options: CheckOptions): Promise<boolean> {
  const isOnnx = /\.onnx$/i.test(wish) || (isFile(wish) && !/\.ya?ml$/i.test(wish));
  if (isOnnx) return checkFile(wish, options);
  const manifest = readManifest(wish);
  const given = (['cpu', 'tensorrt'] as const).filter((file) => manifest.files[file] !== undefined);
  const files: readonly ModelFile[] = options.provider === undefined ? given : [options.provider];
  let good = true;
  for (const [index, file] of files.entries()) {
    if (index > 0) console.log('');
    if (!(await checkFile(modelPath(manifest, file), { ...options, provider: file }))) good = false;
  }
  return good;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function checkFile(file: string, { size, provider, all }: CheckOptions): Promise<boolean> {
  const result = await checkModel(file, size);
  const learnt = result.convolutions.filter(({ isFixed }) => !isFixed);
  const fixed = result.convolutions.length - learnt.length;
  console.log(`file          ${result.path}, ${result.bytes.toLocaleString('en')} bytes`);
  console.log(
    `convolutions  ${learnt.length}${fixed > 0 ? `, and ${fixed} that only enlarges` : ''}; ${result.parameters.toLocaleString('en')} parameters, ${(result.macs / 1e9).toFixed(2)} GMACs`,
  );
  const wanted = provider ?? madeFor(result);
  for (const each of ['cpu', 'tensorrt'] as const) {
    const whole = learnt.filter((convolution) => faultsOf(convolution, each).length === 0).length;
    const how = each === 'cpu' ? 'by the graph that onnxruntime runs' : 'by the rules of its Q and DQ';
    const asked = wanted === each ? '' : '; not asked of this file';
    console.log(`${each.padEnd(13)} ${whole} of ${learnt.length} in int8 (${how})${asked}`);
  }
  const faulty = print(result, learnt, wanted, all === true);
  console.log(faulty ? 'not all of it runs in int8' : 'all of it runs in int8');
  return !faulty;
}

/** Integer operators are for the CPU only, and Q and DQ are what TensorRT reads. */
function madeFor({ convolutions }: ModelCheck): CheckedProvider {
  return convolutions.some(({ form }) => form === 'integer') ? 'cpu' : 'tensorrt';
}

function print(
  { halfQuantisedSums }: ModelCheck,
  learnt: readonly CheckedConvolution[],
  wanted: CheckedProvider,
  all: boolean,
): boolean {
  let faulty = false;
  for (const convolution of learnt) {
    const faults = faultsOf(convolution, wanted);
    faulty ||= faults.length > 0;
    const { name, weights, macs } = convolution;
    const about = `${name} (${weights.join('x')}, ${(macs / 1e6).toFixed(1)} MMACs)`;
    if (faults.length > 0) console.log(`fault  ${about}: ${faults.join('; ')}`);
    else if (all) console.log(`int8   ${about}`);
  }
  if (wanted !== 'tensorrt') return faulty;
  for (const name of halfQuantisedSums)
    console.log(
      `fault  ${name}: one side is quantised and the other is not; quantise both, or TensorRT adds in floats`,
    );
  return faulty || halfQuantisedSums.length > 0;
}
