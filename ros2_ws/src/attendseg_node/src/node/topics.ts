import { type OutputKind, OUTPUTS } from '../inference/outputs.js';

/** What the policies may be set to, by rclcpp's names. */
export const QOS_VALUES = {
  reliability: ['reliable', 'best_effort', 'system_default'],
  durability: ['volatile', 'transient_local', 'system_default'],
  history: ['keep_last', 'keep_all', 'system_default'],
} as const;

/** How a topic is offered or asked for. */
export interface TopicQos {
  readonly reliability: (typeof QOS_VALUES.reliability)[number];
  readonly durability: (typeof QOS_VALUES.durability)[number];
  readonly history: (typeof QOS_VALUES.history)[number];
  /** Messages kept, where the last are. */
  readonly depth: number;
}

export type Direction = 'publisher' | 'subscription';

/** A topic of the node. Names are relative, so that namespaces and remapping work. */
export interface Topic {
  readonly name: string;
  readonly type: string;
  readonly encoding: string;
  readonly qos: TopicQos;
  readonly description: string;
}

const RELIABLE: TopicQos = {
  reliability: 'reliable',
  durability: 'volatile',
  history: 'keep_last',
  depth: 1,
};

/** The camera: best effort matches every publisher. */
export const IMAGE_TOPIC: Topic = {
  name: 'image',
  type: 'sensor_msgs/msg/Image',
  encoding: 'any of the supported ones',
  qos: { ...RELIABLE, reliability: 'best_effort' },
  description: 'camera pictures',
};

/** The outputs, all with the stamp and frame_id of the picture. Nothing is computed that nobody subscribes to. */
export const OUTPUT_TOPICS: Readonly<Partial<Record<OutputKind, Topic>>> = {
  mask: {
    name: 'segmentation/mask',
    type: 'sensor_msgs/msg/Image',
    encoding: OUTPUTS.mask.encoding,
    qos: RELIABLE,
    description: 'class id of each pixel, 255 unlabelled; step = width',
  },
  color_mask: {
    name: 'segmentation/color_mask',
    type: 'sensor_msgs/msg/Image',
    encoding: OUTPUTS.color_mask.encoding,
    qos: RELIABLE,
    description: "the classes' colours",
  },
  overlay: {
    name: 'segmentation/overlay',
    type: 'sensor_msgs/msg/Image',
    encoding: OUTPUTS.overlay.encoding,
    qos: RELIABLE,
    description: 'the picture, tinted by class',
  },
};

export const DIAGNOSTICS_TOPIC: Topic = {
  name: '/diagnostics',
  type: 'diagnostic_msgs/msg/DiagnosticArray',
  encoding: '',
  qos: RELIABLE,
  description: 'counters, drops by reason, stage times; once a second',
};

/** All of them, with the side that the node has. */
export const ENDPOINTS: readonly { readonly topic: Topic; readonly direction: Direction }[] = [
  { topic: IMAGE_TOPIC, direction: 'subscription' },
  ...[...Object.values(OUTPUT_TOPICS), DIAGNOSTICS_TOPIC].map((topic) => ({
    topic,
    direction: 'publisher' as const,
  })),
];
