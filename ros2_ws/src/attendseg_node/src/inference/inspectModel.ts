import { createHash } from 'node:crypto';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { stringify } from 'yaml';
import { guessOutput } from './guessOutput.js';
import type { Manifest, NetworkInput } from './manifest.js';
import { ModelError } from './modelError.js';
import { readExternalData, readModelFile } from './modelFile.js';
import { staysInside } from './modelFolder.js';
import { openSession } from './network.js';
import { guessInput, NetworkFeed } from './networkInput.js';
import { readOnnxHeader } from './onnxHeader.js';
import { describe } from './tensors.js';

export interface Inspection {
  /** What the file says of itself, a fact a line. */
  readonly facts: readonly string[];
  /** A manifest for it, to be completed. */
  readonly draft: string;
}

/**
 * Looks into an ONNX file and drafts its manifest by running it on a few pictures.
 * @param file path of the file
 * @param folder where the manifest will be: its paths are relative to that
 * @param size of the network's pictures, where the file leaves it free
 * @throws ModelError if the file is no network that takes pictures and labels their pixels
 */
export async function inspectModel(
  file: string,
  folder: string,
  size: { readonly width: number; readonly height: number },
): Promise<Inspection> {
  const path = resolve(file);
  const sought = soughtManifest(path);
  const model = readModelFile(sought, 'cpu');
  const session = await openSession(sought, model, { provider: 'cpu', threads: 0 });
  try {
    const [picture] = session.inputMetadata;
    const shown = (side: readonly InferenceSession.ValueMetadata[]): string =>
      side
        .map((entry) => `${entry.name} ${entry.isTensor ? describe(entry.type, entry.shape) : '(no tensor)'}`)
        .join(', ');
    const { irVersion, opset, producer } = readOnnxHeader(model);
    const facts = [
      `file      ${path}, ${model.length} bytes`,
      `inputs    ${shown(session.inputMetadata)}`,
      `outputs   ${shown(session.outputMetadata)}`,
      `opset     ${opset ?? 'none of ONNX'}`,
      `IR        ${irVersion}`,
      `producer  ${producer === '' ? 'not said' : producer}`,
    ];
    const guessed = picture?.isTensor === true ? guessInput(picture, size) : undefined;
    if (picture === undefined || guessed === undefined) {
      throw new ModelError(
        `model file ${path}: takes ${shown(session.inputMetadata)}, which is no picture of three channels in float32, float16 or uint8`,
      );
    }
    const { layout, width, height } = guessed;
    const input = networkInput(layout, { name: picture.name, width, height, channels: 'rgb' });
    const feed = new NetworkFeed({ ...sought, input }, session.inputMetadata);
    const answers = [];
    for (const pixels of probes(3 * width * height)) {
      answers.push(await answer(session, feed, pixels, path, width, height));
    }
    const guess = guessOutput(session.outputNames, answers, width, height);
    if (guess === undefined) {
      throw new ModelError(
        `model file ${path}: answers ${shown(session.outputMetadata)} to ${width}x${height}, which labels no pixels; export it with class ids HxW or a channel for each class`,
      );
    }
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    // A model's files lie in its folder: from elsewhere, they are to be copied there.
    const isElsewhere = !staysInside(relative(resolve(folder), path));
    const named = (target: string): string => relative(isElsewhere ? dirname(path) : resolve(folder), target);
    if (isElsewhere)
      facts.push(`copy      it to ${resolve(folder)}: a model's files lie beside its manifest`);
    const data = readExternalData(sought, 'cpu', model).map((entry) => ({
      path: named(join(dirname(path), entry.path)),
      sha256: hash(entry.data),
    }));
    const draft = {
      name: sought.name,
      input,
      output: guess.output,
      files: { cpu: { path: named(path), sha256: hash(model), ...(data.length > 0 && { data }) } },
      classes: Array.from({ length: guess.classes }, (_, id) => ({
        name: `class_${id}`,
        color: colourOf(id),
      })),
    };
    return {
      facts,
      draft: `${notes('mean' in input, guess.output['kind'])}${stringify(draft, { lineWidth: 0 })}`,
    };
  } finally {
    await session.release();
  }
}

function networkInput(
  layout: NetworkInput['layout'],
  common: Pick<NetworkInput, 'name' | 'width' | 'height' | 'channels'>,
): NetworkInput {
  return layout === 'nchw_float32' || layout === 'nhwc_float32'
    ? { layout, ...common, range: 1, mean: [0, 0, 0], std: [1, 1, 1] }
    : { layout, ...common };
}

/** As much of a manifest as is needed to open the file. */
function soughtManifest(path: string): Manifest {
  return {
    path,
    name: basename(path).replace(/\.onnx$/, ''),
    description: '',
    training_data: '',
    licence: '',
    input: networkInput('hwc_uint8', { width: 16, height: 16, channels: 'rgb' }),
    output: { kind: 'labels' },
    files: { cpu: { path: basename(path), data: [] } },
    classes: [],
  };
}

async function answer(
  session: InferenceSession,
  feed: NetworkFeed,
  pixels: Uint8Array,
  path: string,
  width: number,
  height: number,
): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run({ [feed.name]: feed.tensor(pixels) });
  } catch (error) {
    const cause = (error as Error).message.replaceAll(/\s+/g, ' ').trim();
    throw new ModelError(
      `model file ${path}: a run at ${width}x${height} fails: ${cause}; give another --size`,
    );
  }
}

/** Black, white and noise, `bytes` long each. */
function probes(bytes: number): Uint8Array[] {
  let state = 1;
  const noise = Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return [new Uint8Array(bytes), new Uint8Array(bytes).fill(255), noise];
}

function notes(floats: boolean, kind: string | undefined): string {
  return [
    'Drafted by attendseg model inspect. The file does not tell what follows; complete it:',
    '- input.channels: rgb or bgr',
    ...(floats ? ['- input.range, mean and std: those of its training'] : []),
    ...(kind === 'labels' ? ['- classes: perhaps there are more than a few test pictures showed'] : []),
    '- classes: their names and colours',
  ]
    .map((line) => `# ${line}\n`)
    .join('');
}

/** Hues a golden angle apart, so that neighbours differ. */
function colourOf(id: number): number[] {
  const hue = (id * 137.5) % 360;
  return [0, 240, 120].map((shift) => Math.round(140 + 90 * Math.cos(((hue + shift) * Math.PI) / 180)));
}
