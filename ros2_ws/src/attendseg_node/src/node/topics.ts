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
export const OUTPUT_TOPICS: Readonly<Record<Exclude<OutputKind, 'group'>, Topic>> = {
  mask: {
    name: 'segmentation/mask',
    type: 'sensor_msgs/msg/Image',
    encoding: OUTPUTS.mask.encoding,
    qos: RELIABLE,
    description: 'class id of each pixel, 255 unlabelled; step = width',
  },
  confidence: {
    name: 'segmentation/confidence',
    type: 'sensor_msgs/msg/Image',
    encoding: OUTPUTS.confidence.encoding,
    qos: RELIABLE,
    description: '0-255: how certain the class of each pixel is; 0 unlabelled',
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
  mask_png: {
    name: 'segmentation/mask/compressed',
    type: 'sensor_msgs/msg/CompressedImage',
    encoding: 'mono8; png compressed',
    qos: RELIABLE,
    description: 'the mask as a PNG file, lossless, for thin links',
  },
};

/** The camera's info, beside its pictures. */
export const CAMERA_INFO_TOPIC: Topic = {
  name: 'camera_info',
  type: 'sensor_msgs/msg/CameraInfo',
  encoding: '',
  qos: IMAGE_TOPIC.qos,
  description: 'beside the camera pictures: the last part of their topic replaced; optional',
};

/** The camera's info for the mask. */
export const MASK_INFO_TOPIC: Topic = {
  name: 'segmentation/camera_info',
  type: 'sensor_msgs/msg/CameraInfo',
  encoding: '',
  qos: RELIABLE,
  description: "the camera's info, scaled to the mask's size; with every mask, if the camera has one",
};

/** A union of classes as a mask of its own; `<name>` is the group's. */
export const GROUP_TOPIC: Topic = {
  name: 'segmentation/groups/<name>',
  type: 'sensor_msgs/msg/Image',
  encoding: OUTPUTS.group.encoding,
  qos: RELIABLE,
  description: '255 where a class of the group is, else 0; camera_info for it beside, in <name>/camera_info',
};

export const LABEL_INFO_TOPIC: Topic = {
  name: 'segmentation/label_info',
  type: 'vision_msgs/msg/LabelInfo',
  encoding: '',
  qos: { reliability: 'reliable', durability: 'transient_local' },
  description: 'names of the class ids, without 255; latched',
};

export const DIAGNOSTICS_TOPIC: Topic = {
  name: '/diagnostics',
  type: 'diagnostic_msgs/msg/DiagnosticArray',
  encoding: '',
  qos: RELIABLE,
  description: 'counters, drops by reason, stage times; once a second',
};

/** A camera's topic: with the camera's name before it, unless it is the only one and has none. */
export function topicOf(camera: string, topic: Topic): Topic {
  return camera === '' ? topic : { ...topic, name: `${camera}/${topic.name}` };
}
