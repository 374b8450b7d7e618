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

/** The camera as JPEG or PNG. */
export const COMPRESSED_IMAGE_TOPIC: Topic = {
  name: 'image/compressed',
  type: 'sensor_msgs/msg/CompressedImage',
  encoding: 'JPEG, PNG',
  qos: IMAGE_TOPIC.qos,
  description:
    'the same as files, beside <image>: taken where nobody publishes the raw ones (image_transport)',
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
  qos: { ...RELIABLE, durability: 'transient_local' },
  description: 'names of the class ids, without 255; latched',
};

/** Deep, for whoever counts all: a slow run or a burst of pictures drops many at once. */
export const DROPPED_TOPIC: Topic = {
  name: 'segmentation/dropped',
  type: 'diagnostic_msgs/msg/DiagnosticStatus',
  encoding: '',
  qos: { ...RELIABLE, depth: 100 },
  description:
    'each picture that gave no mask: its topic as name, the reason as message, its frame_id as hardware_id and its stamp as a value; wakes nothing',
};

export const DIAGNOSTICS_TOPIC: Topic = {
  name: '/diagnostics',
  type: 'diagnostic_msgs/msg/DiagnosticArray',
  encoding: '',
  qos: RELIABLE,
  description:
    'rates, age, counters, drops by reason, stage times of each camera; once a second: see diagnostics.md',
};

/** A camera's topic: with the camera's name before it, unless it is the only one and has none. */
export function topicOf(camera: string, topic: Topic): Topic {
  return camera === '' ? topic : { ...topic, name: `${camera}/${topic.name}` };
}

/** Where a camera's files are, as image_transport has it: under its pictures, wherever those were remapped to. */
export function compressedBeside(image: string): Topic {
  return { ...COMPRESSED_IMAGE_TOPIC, name: `${image}/compressed` };
}

/** Where a camera's info is, as image_transport has it: beside its pictures, wherever those were remapped to. */
export function infoBeside(image: string): Topic {
  return { ...CAMERA_INFO_TOPIC, name: image.replace(/[^/]*$/, CAMERA_INFO_TOPIC.name) };
}

/** A group's mask, and the info for it. */
export function groupTopics(group: string): { readonly mask: Topic; readonly info: Topic } {
  const mask = { ...GROUP_TOPIC, name: GROUP_TOPIC.name.replace('<name>', group) };
  return { mask, info: { ...MASK_INFO_TOPIC, name: `${mask.name}/camera_info` } };
}

/** A topic with the side that the node has. */
export interface Endpoint {
  readonly topic: Topic;
  readonly direction: Direction;
}

/** All of a node with these cameras (one without a name if there are none) and groups. `resolve`: a topic's full name. */
export function endpointsOf(
  cameras: readonly string[],
  groups: Iterable<string>,
  resolve: (topic: Topic) => string,
): Endpoint[] {
  const outputs = [
    ...Object.values(OUTPUT_TOPICS),
    MASK_INFO_TOPIC,
    LABEL_INFO_TOPIC,
    DROPPED_TOPIC,
    ...[...groups].flatMap((group) => Object.values(groupTopics(group))),
  ];
  const names = cameras.length === 0 ? [''] : cameras;
  return [
    ...names.flatMap((camera): Endpoint[] => {
      const image = topicOf(camera, IMAGE_TOPIC);
      return [
        { topic: image, direction: 'subscription' },
        { topic: compressedBeside(resolve(image)), direction: 'subscription' },
        { topic: infoBeside(resolve(image)), direction: 'subscription' },
        ...outputs.map((topic): Endpoint => ({ topic: topicOf(camera, topic), direction: 'publisher' })),
      ];
    }),
    { topic: DIAGNOSTICS_TOPIC, direction: 'publisher' },
  ];
}
