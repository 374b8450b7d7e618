import type { Random } from './random.js';

/** The bound of pictures in all cases, as the parameter max_image_pixels has it. */
export const MAX_PIXELS = 2 ** 20;

/** What one decoder of others' bytes is tried with. */
export interface Family {
  /** Memory that one case may take, bytes. */
  readonly bound: number;
  /** A case's input, from examples that the project's own writers made. */
  readonly generate: (random: Random) => Uint8Array;
  /**
   * Decodes it, and says when the first check of its header is passed.
   * @throws the family's own errors, or what is a finding
   */
  readonly decode: (input: Uint8Array, passed: () => void) => void | Promise<void>;
  /** Is it an error that the decoder says it throws? */
  readonly isDeclared: (error: unknown) => boolean;
}

type Opener = (folder: string) => Promise<Family>;

/** By name: the share of all cases, in thousandths (slow ones have fewer), and how it is opened in a folder of its own. */
export const FAMILIES: ReadonlyMap<string, { readonly share: number; readonly open: Opener }> = new Map(
  Object.entries({
    image: { share: 100, open: async () => (await import('./families/image.js')).openImage() },
    compressed: { share: 30, open: async () => (await import('./families/compressed.js')).openCompressed() },
    cdr: { share: 520, open: async () => (await import('./families/cdr.js')).openCdr() },
    mcap: { share: 30, open: async (folder) => (await import('./families/bags.js')).openMcap(folder) },
    sqlite: { share: 8, open: async (folder) => (await import('./families/bags.js')).openSqlite(folder) },
    packed: { share: 7, open: async (folder) => (await import('./families/bags.js')).openPacked(folder) },
    metadata: {
      share: 4,
      open: async (folder) => (await import('./families/bags.js')).openMetadata(folder),
    },
    manifest: {
      share: 15,
      open: async (folder) => (await import('./families/texts.js')).openManifest(folder),
    },
    parameters: {
      share: 10,
      open: async (folder) => (await import('./families/texts.js')).openParameters(folder),
    },
    onnx: { share: 264, open: async () => (await import('./families/onnx.js')).openOnnx() },
    model: { share: 11, open: async (folder) => (await import('./families/onnx.js')).openModel(folder) },
    network: { share: 1, open: async (folder) => (await import('./families/onnx.js')).openNetwork(folder) },
  }),
);

/** Decoders with a bug each, for the tests of this program: only run when named. */
export const PLANTED: readonly string[] = [
  'planted-throws',
  'planted-hangs',
  'planted-slow',
  'planted-aborts',
  'planted-takes',
];

/** @throws RangeError for a name that is none */
export function checkFamily(name: string): void {
  const names = [...FAMILIES.keys(), ...PLANTED];
  if (!names.includes(name)) throw new RangeError(`--only ${name} is none of ${names.join(', ')}`);
}

/** @throws RangeError for a name that is none */
export async function openFamily(name: string, folder: string): Promise<Family> {
  checkFamily(name);
  return FAMILIES.get(name)?.open(folder) ?? (await import('./families/planted.js')).openPlanted(name);
}

/** Words of a mistake in a program, or in WebAssembly, that no error which is meant has in its message. */
const MISTAKE =
  /Cannot read prop|is not (a function|iterable|defined|a constructor)|memory access out of bounds|unreachable|null function|table index|Invalid array length|Converting circular/;

/** Does a message tell of a mistake that was caught and passed on as if it were the input's? */
export function tellsOfMistake(message: string): boolean {
  return MISTAKE.test(message);
}
