import { type OutputKind, OUTPUTS } from '../inference/outputs.js';

/** How a topic is offered or asked for; all keep only the last message. */
export interface TopicQos {
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'volatile' | 'transient_local';
}

/** A topic of the node. Names are relative, so that namespaces and remapping work. */
export interface Topic {
  readonly name: string;
  readonly type: string;
  readonly encoding: string;
  readonly qos: TopicQos;
  readonly description: string;
}

const RELIABLE: TopicQos = { reliability: 'reliable', durability: 'volatile' };

/** The camera: best effort matches every publisher. */
export const IMAGE_TOPIC: Topic = {
  name: 'image',
  type: 'sensor_msgs/msg/Image',
  encoding: 'any of the supported ones',
  qos: { reliability: 'best_effort', durability: 'volatile' },
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
