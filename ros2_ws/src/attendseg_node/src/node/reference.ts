import {
  allowedOf,
  CAMERA_PARAMETERS,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  whenChanged,
} from './parameterTable.js';
import { DEPTHS } from './qosOverrides.js';
import {
  CAMERA_INFO_TOPIC,
  COMPRESSED_IMAGE_TOPIC,
  DIAGNOSTICS_TOPIC,
  DROPPED_TOPIC,
  GROUP_TOPIC,
  IMAGE_TOPIC,
  LABEL_INFO_TOPIC,
  MASK_INFO_TOPIC,
  OUTPUT_TOPICS,
  QOS_VALUES,
  type Topic,
} from './topics.js';

/** A value as YAML has it, with the decimal point that ROS wants of a double. */
function yaml(name: ParameterName): string {
  const { type, default: value } = PARAMETERS[name];
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return JSON.stringify(value.length === 0 ? [''] : value);
  return type === 'double' && Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** config/attendseg.yaml: every parameter with its default. */
export function parameterFile(): string {
  const entries = PARAMETER_NAMES.map((name) => {
    const { description, live } = PARAMETERS[name];
    const note = `${allowedOf(name)}; ${whenChanged(live)}`;
    return `    # ${description}\n    # ${note}\n    ${name}: ${yaml(name)}\n`;
  });
  return `# Every parameter of the node with its default. Written by scripts/reference.mjs.\n/**:\n  ros__parameters:\n${entries.join('\n')}`;
}

/** docs/parameters.md */
export function parameterPage(): string {
  const rows = PARAMETER_NAMES.map((name) => {
    const { type, description, live } = PARAMETERS[name];
    return `| \`${name}\` | ${type} | \`${yaml(name)}\` | ${allowedOf(name)} | ${live === true ? 'yes' : live || 'at start'} | ${description} |`;
  });
  return [
    '# Parameters',
    '',
    'Live ones take effect at the next frame, those that may be changed while unconfigured when the node is configured. A value that is not allowed is refused with the reason, at start and later.',
    '`config/attendseg.yaml` has them all with their defaults. Both are written by `node scripts/reference.mjs`.',
    '',
    '| name | type | default | allowed | live | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'With several cameras, one can have its own value of these: `<camera>.<name>`, such as `front.mask_size`, given at start.',
    `${CAMERA_PARAMETERS.map((name) => `\`${name}\``).join(', ')}.`,
    '',
  ].join('\n');
}

/** docs/topics.md */
export function topicPage(): string {
  const row = (direction: string, { name, type, encoding, qos, description }: Topic): string =>
    `| ${direction} | \`${name}\` | ${type} | ${encoding} | ${qos.reliability.replace('_', ' ')}, ${qos.durability.replace('_', ' ')} | ${description} |`;
  return [
    '# Topics',
    '',
    'Names are relative: namespaces and remapping work. All topics keep the last message only, but for `segmentation/dropped`,',
    'which keeps a hundred. Every output has the stamp and the frame_id of the picture it was made from, and is only made',
    'while somebody subscribes to it.',
    '',
    '| | name | type | encoding | QoS | content |',
    '| --- | --- | --- | --- | --- | --- |',
    row('in', IMAGE_TOPIC),
    row('in', COMPRESSED_IMAGE_TOPIC),
    row('in', CAMERA_INFO_TOPIC),
    ...Object.values(OUTPUT_TOPICS).map((topic) => row('out', topic)),
    row('out', MASK_INFO_TOPIC),
    row('out', GROUP_TOPIC),
    row('out', LABEL_INFO_TOPIC),
    row('out', DROPPED_TOPIC),
    row('out', DIAGNOSTICS_TOPIC),
    '',
    '## Services',
    '',
    '`~/change_state`, `~/get_state`, `~/get_available_states`, `~/get_available_transitions`, `~/get_transition_graph` (lifecycle_msgs)',
    'and the topic `~/transition_event` make it a managed node; `/bond` has its heartbeat while a manager keeps it active.',
    '`~/set_enabled` (std_srvs/SetBool) puts it on standby and wakes it.',
    '',
    '## Another QoS',
    '',
    'Parameters that are read at start override it, named as in rclcpp, with the full name of the topic after remapping:',
    '`qos_overrides.<topic>.subscription.<policy>` for the input, `.publisher.` for the others. In a file:',
    '',
    '```yaml',
    '/**:',
    '  ros__parameters:',
    '    qos_overrides:',
    '      /camera/image_raw:',
    '        subscription: { reliability: reliable, depth: 2 }',
    '```',
    '',
    '| policy | values |',
    '| --- | --- |',
    ...Object.entries(QOS_VALUES).map(([policy, values]) => `| \`${policy}\` | ${values.join(', ')} |`),
    `| \`depth\` | ${DEPTHS.join(' to ')} |`,
    '',
    'Other policies and values are refused at start; a topic that the node does not have is told in the log.',
    '',
  ].join('\n');
}
