import { POOL_BYTES } from '../inference/bufferPool.js';
import { ENGINE_MODES, type EngineMode, PROVIDERS, type ProviderWish } from '../inference/providers.js';
import type { ClassRules } from '../inference/classTable.js';
import type { Fit } from '../vision/letterbox.js';
import { MAX_IMAGE_PIXELS, MIN_IMAGE_SIDE } from '../vision/rawImage.js';
import { parseMaskSize, type MaskSize } from './maskSize.js';

/** The node's parameters, parsed. */
export interface Parameters extends ClassRules {
  readonly autostart: boolean;
  readonly bond_heartbeat_period: number;
  readonly cameras: readonly string[];
  readonly model: string;
  readonly provider: ProviderWish;
  readonly engine: EngineMode;
  readonly serve_while_building: boolean;
  readonly threads: number;
  readonly max_pool_bytes: number;
  readonly run_timeout: number;
  readonly image_transport: ImageTransport;
  readonly max_age: number;
  readonly max_rate: number;
  readonly max_image_pixels: number;
  readonly bit_depth: number;
  readonly fit: Fit;
  readonly mask_size: MaskSize;
  readonly overlay_opacity: number;
  readonly overlay_legend: boolean;
  readonly confidence_threshold: number;
  readonly smoothing: number;
  readonly stale_after: number;
}

/** Which topic pictures are taken from: the raw one, the compressed one beside it, or what is published. */
export type ImageTransport = 'auto' | 'raw' | 'compressed';

export type ParameterName = keyof Parameters;
export type ParameterValue = string | number | boolean | readonly string[];

/** When a change takes effect: at the next frame, at the next configure, or only at start. */
export type Live = boolean | 'unconfigured';

/** In words: when a parameter may be changed. */
export function whenChanged(live: Live): string {
  if (live === 'unconfigured') return 'may be changed while the node is unconfigured';
  return live ? 'may be changed while the node runs' : 'read at start';
}

interface Common<T> {
  readonly description: string;
  readonly live: Live;
  /** @throws Error that says what is allowed */
  readonly parse: (value: ParameterValue) => T;
}
export type ParameterSpec<T> =
  | (Common<T> & { readonly type: 'string'; readonly default: string; readonly allowed: string })
  | (Common<T> & { readonly type: 'boolean'; readonly default: boolean; readonly allowed: string })
  | (Common<T> & {
      readonly type: 'integer' | 'double';
      readonly default: number;
      readonly range: readonly [number, number];
    })
  | (Common<T> & {
      readonly type: 'string list';
      readonly default: readonly string[];
      readonly allowed: string;
    });

function oneOf<T extends string>(
  choices: readonly T[],
): { allowed: string; parse: (value: ParameterValue) => T } {
  const allowed = choices.join(', ');
  return {
    allowed,
    parse: (value) => {
      const choice = choices.find((name) => name === value);
      if (choice === undefined) throw new Error(`"${String(value)}" is not one of ${allowed}`);
      return choice;
    },
  };
}

const EITHER = { allowed: 'true, false', parse: (value: ParameterValue): boolean => value === true };

/** The words of a list, without empty ones: ROS has no empty lists of strings, and [""] stands for one. */
function words(value: ParameterValue): string[] {
  return (Array.isArray(value) ? (value as readonly string[]) : [String(value)])
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Entries `key: rest`, by key. @throws Error that shows the entry which is not such, or comes twice */
function pairs(value: ParameterValue, example: string): Map<string, string> {
  const result = new Map<string, string>();
  for (const entry of words(value)) {
    const [, key, rest] = /^([^:]+?)\s*:\s*(.+)$/s.exec(entry) ?? [];
    if (key === undefined || rest === undefined)
      throw new Error(`"${entry}" is not of the form "${example}"`);
    if (result.has(key)) throw new Error(`"${key}" stands there twice`);
    result.set(key, rest);
  }
  return result;
}

/** Names that can stand in a topic's name. @throws Error that names the first one that cannot, or comes twice */
function topicNames<T extends Iterable<string>>(names: T): T {
  const seen = new Set<string>();
  for (const name of names) {
    if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(name) || name.includes('__'))
      throw new Error(`"${name}" cannot stand in a topic's name: letters, digits and single _ can`);
    if (seen.has(name)) throw new Error(`"${name}" stands there twice`);
    seen.add(name);
  }
  return names;
}

function within(range: readonly [number, number]): {
  range: readonly [number, number];
  parse: (value: ParameterValue) => number;
} {
  const [low, high] = range;
  return {
    range,
    parse: (value) => {
      const number = Number(value);
      if (!(number >= low && number <= high))
        throw new Error(`${String(value)} is not between ${low} and ${high}`);
      return number;
    },
  };
}

/**
 * The one truth about parameters: descriptors, validation, config/attendseg.yaml and docs/parameters.md come from here.
 */
export const PARAMETERS: { readonly [Name in ParameterName]: ParameterSpec<Parameters[Name]> } = {
  autostart: {
    type: 'boolean',
    default: true,
    allowed: 'true, false',
    parse: (value) => value === true,
    live: false,
    description:
      "Configures and activates itself at start. false: waits unconfigured, for a lifecycle manager such as Nav2's.",
  },
  bond_heartbeat_period: {
    type: 'double',
    default: 0.1,
    ...within([0, 3600]),
    live: false,
    description:
      "Seconds between two heartbeats on /bond while active, for Nav2's lifecycle manager. 0: none.",
  },
  cameras: {
    type: 'string list',
    default: [],
    allowed: 'names',
    parse: (value) => topicNames(words(value)),
    live: false,
    description:
      'Several cameras: front takes front/image and gives front/segmentation/mask. Empty: one camera, image.',
  },
  model: {
    type: 'string',
    default: '',
    allowed: 'a path or name',
    parse: String,
    live: true,
    description:
      'Folder with a manifest.yaml, that file, or the name of a shipped model. Empty: attendseg_camvid. A new one is opened beside the old one, which stays if that fails.',
  },
  provider: {
    type: 'string',
    default: 'auto',
    ...oneOf(PROVIDERS),
    live: 'unconfigured',
    description:
      'What runs the network. auto takes the best that works and says why the better ones do not; the others run or fail.',
  },
  engine: {
    type: 'string',
    default: 'build',
    ...oneOf(ENGINE_MODES),
    live: 'unconfigured',
    description:
      'Where TensorRT could run the model and there is no engine of it for this board: build one, which takes minutes; require one, which attendseg engine build makes; off, use the CPU.',
  },
  serve_while_building: {
    type: 'boolean',
    default: true,
    ...EITHER,
    live: 'unconfigured',
    description:
      'Runs the network on the CPU while an engine is built, if there is memory for both. false: nothing runs until it is there.',
  },
  threads: {
    type: 'integer',
    default: 0,
    ...within([0, 256]),
    live: false,
    description: 'Threads of the network on the CPU. 0: all cores but one.',
  },
  max_pool_bytes: {
    type: 'integer',
    default: POOL_BYTES,
    ...within([0, 2 ** 36]),
    live: false,
    description:
      'Memory kept between frames for their pictures and outputs; what lies unused longest goes first.',
  },
  run_timeout: {
    type: 'double',
    default: 10,
    ...within([0.1, 3600]),
    live: false,
    description:
      'Seconds after which a frame that does not come back counts as lost; the network is then started again.',
  },
  image_transport: {
    type: 'string',
    default: 'auto',
    ...oneOf<ImageTransport>(['auto', 'raw', 'compressed']),
    live: true,
    description:
      'Takes pictures from <image>, or as JPEG or PNG from <image>/compressed; auto: the raw ones where somebody publishes them.',
  },
  max_age: {
    type: 'double',
    default: 0,
    ...within([0, 3600]),
    live: true,
    description:
      'Seconds from its stamp after which a picture is dropped; 0: never. Replays need use_sim_time with it.',
  },
  max_rate: {
    type: 'double',
    default: 0,
    ...within([0, 1000]),
    live: true,
    description: 'Pictures a second that are taken, at most; 0: as many as come.',
  },
  max_image_pixels: {
    type: 'integer',
    default: MAX_IMAGE_PIXELS,
    ...within([MIN_IMAGE_SIDE ** 2, MAX_IMAGE_PIXELS]),
    live: true,
    description:
      'Pictures of more pixels are refused before memory is taken for them; a picture has at most 16 bytes for each.',
  },
  bit_depth: {
    type: 'integer',
    default: 16,
    ...within([8, 16]),
    live: true,
    description:
      'How many low bits the camera fills in samples of 16 bits (mono16, rgb16, bayer_rggb16, ...): 10, 12 or 14 for many.',
  },
  fit: {
    type: 'string',
    default: 'letterbox',
    ...oneOf<Fit>(['letterbox', 'stretch']),
    live: true,
    description:
      "How a picture is fitted into the network's input: with bars, or stretched. Undone exactly in every output.",
  },
  mask_size: {
    type: 'string',
    default: 'image',
    allowed: 'image, network, WIDTHxHEIGHT',
    parse: (value) => parseMaskSize(String(value)),
    live: true,
    description: "Size of all outputs: the picture's, the network's, or WIDTHxHEIGHT.",
  },
  overlay_opacity: {
    type: 'double',
    default: 0.5,
    ...within([0, 1]),
    live: true,
    description: "Of the classes' colours in the overlay.",
  },
  overlay_legend: {
    type: 'boolean',
    default: false,
    ...EITHER,
    live: true,
    description: "Names the classes in the overlay's corner.",
  },
  confidence_threshold: {
    type: 'double',
    default: 0,
    ...within([0, 1]),
    live: true,
    description: 'Pixels less certain than this come out as unlabelled, with confidence 0.',
  },
  smoothing: {
    type: 'double',
    default: 0,
    ...within([0, 0.98]),
    live: true,
    description:
      'Steadies doubtful labels from frame to frame, against flicker: 0 is off, 0.7 is much. Certain changes come at once.',
  },
  ignore: {
    type: 'string list',
    default: [],
    allowed: 'class names',
    parse: words,
    live: true,
    description: 'Classes that come out as unlabelled.',
  },
  remap: {
    type: 'string list',
    default: [],
    allowed: '"class: class"',
    parse: (value) => pairs(value, 'pedestrian: person'),
    live: true,
    description: "Classes that come out as another one, of the model's or new: pedestrian: person.",
  },
  groups: {
    type: 'string list',
    default: [],
    allowed: '"name: classes"',
    parse: (value) => {
      const groups = pairs(value, 'people: pedestrian, bicyclist');
      topicNames(groups.keys());
      return new Map([...groups].map(([name, members]) => [name, words(members.split(','))]));
    },
    live: false,
    description: 'Unions of classes, each on segmentation/groups/<name>: traversable: road, pavement.',
  },
  stale_after: {
    type: 'double',
    default: 2,
    ...within([0.1, 3600]),
    live: true,
    description: 'Seconds without a frame after which /diagnostics warns.',
  },
};

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as ParameterName[];

/** Those that a camera of several can have its own value of, as `<camera>.<name>`. */
export const CAMERA_PARAMETERS = [
  'image_transport',
  'max_age',
  'max_rate',
  'bit_depth',
  'fit',
  'mask_size',
  'overlay_opacity',
  'overlay_legend',
  'confidence_threshold',
  'smoothing',
  'stale_after',
] as const satisfies readonly ParameterName[];

/** What a parameter may be, in words. */
export function allowedOf(name: ParameterName): string {
  const spec = PARAMETERS[name];
  return 'allowed' in spec ? spec.allowed : `${spec.range[0]} to ${spec.range[1]}`;
}
