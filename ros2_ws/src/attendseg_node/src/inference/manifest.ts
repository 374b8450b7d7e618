import { z } from 'zod';
import { UNLABELLED } from '../vision/unlabelled.js';
import { describeProblems } from './manifestProblems.js';
import { readManifestText } from './manifestText.js';
import { ModelError } from './modelError.js';
import { staysInside } from './modelFolder.js';

const size = z.int().min(16).max(8192);
const sha256 = z
  .string({ error: 'must be 64 hexadecimal digits, in quotes' })
  .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
  .transform((digits) => digits.toLowerCase());
const path = z
  .string({ error: 'must be the name of a file; names with # or ~ alone need quotes' })
  .min(1)
  .refine((name) => !name.includes('\\'), 'has \\ between its folders; write / instead')
  .refine((name) => !/^[a-z]:/i.test(name), 'names a drive of Windows; write it relative to the manifest')
  .refine(staysInside, "leads out of the model's folder; copy the file to the manifest, and write its name");
const file = z.strictObject({ path, sha256: sha256.optional() });
/** An ONNX file, and the files of weights beside it whose hashes are to be checked. */
const modelFile = z.strictObject({ ...file.shape, data: z.array(file).default([]) });

const channels = {
  name: z.string().optional(),
  width: size,
  height: size,
  /** The order of the network's channels, and of mean and std. */
  channels: z.enum(['rgb', 'bgr']).default('rgb'),
};
const triple = z.array(z.number()).length(3);

/** What the network is fed: the camera's bytes, or normalised floats. The batch, N, is 1. */
const input = z.discriminatedUnion('layout', [
  /** uint8; normalisation is part of the graph. */
  z.strictObject({ layout: z.enum(['hwc_uint8', 'nhwc_uint8', 'nchw_uint8']), ...channels }),
  /** Floats: (value - mean) / std for each channel, value being 0 to `range`. */
  z
    .strictObject({
      layout: z.enum(['nchw_float32', 'nhwc_float32']),
      ...channels,
      range: z.literal([1, 255]).default(1),
      mean: triple.default([0, 0, 0]),
      std: z.array(z.number().positive()).length(3).default([1, 1, 1]),
    })
    .superRefine(({ range, mean, std }, context) => {
      for (const [key, values] of Object.entries({ mean, std })) {
        const large = range === 1 ? values.find((value) => Math.abs(value) > 1) : undefined;
        if (large === undefined) continue;
        const message = `${large} is for values of 0 to 255, but range is 1; add range: 255, or divide by 255`;
        context.addIssue({ code: 'custom', path: [key], message });
      }
    }),
]);

/** Where an output has its channels; recognised where only one of both fits the classes, else nchw. */
const layout = z.enum(['nchw', 'nhwc']).optional();

/** What logits are divided by for the confidence. */
const temperature = z.number().positive().default(1);

/** What comes out of it. Outputs may be smaller than the input; they are enlarged to it. */
const output = z.discriminatedUnion('kind', [
  /** Class ids, HxW with any dimensions of 1 around it, and perhaps confidence, uint8, 0-255. */
  z.strictObject({
    kind: z.literal('labels'),
    labels: z.string().optional(),
    confidence: z.string().optional(),
    layout,
  }),
  /** Floats 1xCxHxW or 1xHxWxC, before softmax. */
  z.strictObject({ kind: z.literal('logits'), logits: z.string().optional(), layout, temperature }),
  /** Floats of one channel that decide between two classes: id 1 from `threshold` on, id 0 below it. */
  z.strictObject({
    kind: z.literal('sigmoid'),
    sigmoid: z.string().optional(),
    /** Whether the graph ends with its sigmoid, or before it. */
    values: z.enum(['probabilities', 'logits']).default('probabilities'),
    threshold: z.number().gt(0).lt(1).default(0.5),
    layout,
  }),
]);

/** The CPU's file, which may say how labels are had sooner. */
const cpuFile = z.strictObject({
  ...modelFile.shape,
  /**
   * The tensor inside its graph that class ids and confidence are made of, floats as logits are: the graph is ended
   * there, and the node does the rest itself, which is quicker.
   */
  before_argmax: z.strictObject({ logits: z.string(), layout, temperature }).optional(),
});

const schema = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().default(''),
    training_data: z.string().default(''),
    licence: z.string().default(''),
    input,
    output,
    files: z.strictObject({ cpu: cpuFile.optional(), tensorrt: modelFile.optional() }),
    /** The class id is the place in this list. */
    classes: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          /** RGB, or none: black in color_mask, and the camera's own pixel in the overlay. */
          color: z.union([z.literal('none'), z.array(z.int().min(0).max(255)).length(3)], {
            error: 'must be [red, green, blue], each 0 to 255, or none',
          }),
        }),
      )
      .min(2)
      .max(UNLABELLED),
  })
  .refine((m) => new Set(m.classes.map((c) => c.name)).size === m.classes.length, {
    path: ['classes'],
    message: 'names must differ',
  })
  .refine((m) => m.files.cpu ?? m.files.tensorrt, {
    path: ['files'],
    message: 'must name cpu, tensorrt or both',
  })
  .refine((m) => m.output.kind === 'labels' || m.files.cpu?.before_argmax === undefined, {
    path: ['files', 'cpu', 'before_argmax'],
    message: 'is for output.kind labels: other kinds are no class ids yet',
  })
  .refine((m) => m.output.kind !== 'sigmoid' || m.classes.length === 2, {
    path: ['classes'],
    message: 'must be two with output.kind sigmoid: the background, then the foreground',
  });

export type NetworkInput = z.infer<typeof input>;
export type NetworkOutput = z.infer<typeof output>;
export type ModelFile = 'cpu' | 'tensorrt';

/** A model as its manifest describes it. */
export type Manifest = z.infer<typeof schema> & {
  /** Absolute path of the manifest itself. */
  readonly path: string;
};

/**
 * Reads and checks manifest.yaml. `path` is that file, the folder that holds it, or the name of a shipped model.
 * @throws ModelError if it cannot be read or does not describe a model.
 */
export function readManifest(path: string): Manifest {
  const { path: found, value } = readManifestText(path);
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new ModelError(`model ${found}: ${describeProblems(schema, result.error.issues)}`);
  }
  return { ...result.data, path: found };
}
