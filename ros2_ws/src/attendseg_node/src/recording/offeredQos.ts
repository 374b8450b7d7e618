import { parse } from 'yaml';
import { z } from 'zod';
import { errorText } from '../errorText.js';
import { checkYamlDepth } from '../yamlDepth.js';

/** How a topic of a bag was offered, and will be by who plays it; values by rclcpp's names. */
export interface BagQos {
  readonly reliability: 'reliable' | 'best_effort' | 'system_default';
  readonly durability: 'volatile' | 'transient_local' | 'system_default';
  readonly history: 'keep_last' | 'keep_all' | 'system_default';
  /** Messages kept, where the last are. */
  readonly depth: number;
}

/** rmw's numbers of the policies. */
const RELIABILITY = { system_default: 0, reliable: 1, best_effort: 2 };
const DURABILITY = { system_default: 0, transient_local: 1, volatile: 2 };
const HISTORY = { system_default: 0, keep_last: 1, keep_all: 2 };
const AUTOMATIC_LIVELINESS = 1;
/** rmw's RMW_DURATION_INFINITE. */
const FOREVER = 'sec: 9223372036\n    nsec: 854775807';

/**
 * `offered_qos_profiles` of a channel of an MCAP file, as rosbag2 reads it from the file itself: YAML, one profile.
 * The policies are numbers, although Jazzy itself writes names: Humble reads nothing else, and every rosbag2 that knows
 * names tells numbers by themselves, whatever version the file's metadata has.
 */
export function offeredQosProfiles({ reliability, durability, history, depth }: BagQos): string {
  return `\
- history: ${HISTORY[history]}
  depth: ${depth}
  reliability: ${RELIABILITY[reliability]}
  durability: ${DURABILITY[durability]}
  deadline:
    ${FOREVER}
  lifespan:
    ${FOREVER}
  liveliness: ${AUTOMATIC_LIVELINESS}
  liveliness_lease_duration:
    ${FOREVER}
  avoid_ros_namespace_conventions: false
`;
}

const profiles = z.array(
  z.object({ durability: z.union([z.int(), z.string()]), depth: z.int().nonnegative().optional() }),
);

/**
 * How many messages of a topic were kept for who comes later, by `offered_qos_profiles` of any version; the most, if it
 * had several publishers.
 * @returns undefined if none was: it is not latched
 * @throws Error that says what is wrong with the text
 */
export function latchedDepth(offeredQos: string): number | undefined {
  if (offeredQos === '') return undefined;
  let offered;
  try {
    checkYamlDepth(offeredQos);
    offered = profiles.parse(parse(offeredQos));
  } catch (error) {
    throw new Error(`offered_qos_profiles cannot be read: ${errorText(error)}`, { cause: error });
  }
  const latched = offered.filter(
    ({ durability }) => durability === DURABILITY.transient_local || durability === 'transient_local',
  );
  return latched.length === 0 ? undefined : Math.max(1, ...latched.map(({ depth }) => depth ?? 1));
}
