/**
 * Fields of the messages that are written, in the form of .msg files without their comments. Written out here: the
 * package that has them (@foxglove/rosmsg-msgs-common, which a test compares) has all others too and takes 20 ms to load.
 */
const FIELDS: Readonly<Record<string, string>> = {
  'builtin_interfaces/Time': `
int32 sec
uint32 nanosec`,
  'std_msgs/Header': `
builtin_interfaces/Time stamp
string frame_id`,
  'sensor_msgs/Image': `
std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data`,
  'sensor_msgs/CompressedImage': `
std_msgs/Header header
string format
uint8[] data`,
  'sensor_msgs/RegionOfInterest': `
uint32 x_offset
uint32 y_offset
uint32 height
uint32 width
bool do_rectify`,
  'sensor_msgs/CameraInfo': `
std_msgs/Header header
uint32 height
uint32 width
string distortion_model
float64[] d
float64[9] k
float64[9] r
float64[12] p
uint32 binning_x
uint32 binning_y
sensor_msgs/RegionOfInterest roi`,
  'vision_msgs/VisionClass': `
uint16 class_id
string class_name`,
  'vision_msgs/LabelInfo': `
std_msgs/Header header
vision_msgs/VisionClass[] class_map
float32 threshold`,
};

/**
 * The definition of a message type with all that it consists of, as `ros2msg` schemas of MCAP have it.
 * @param type such as `sensor_msgs/msg/Image`
 * @throws RangeError if the type is not among those that are written
 */
export function messageDefinition(type: string): string {
  const [own, ...parts] = namesOf(type.replace('/msg/', '/'));
  const text = (name: string): string => `${FIELDS[name]!.trim()}\n`;
  return [text(own!), ...parts.map((name) => `${'='.repeat(80)}\nMSG: ${name}\n${text(name)}`)].join('');
}

/** A type and all that it consists of, each once. */
function namesOf(type: string, names = new Set<string>()): Set<string> {
  const fields = FIELDS[type];
  if (fields === undefined) throw new RangeError(`there is no definition of ${type} to write bags with`);
  names.add(type);
  for (const [, part] of fields.matchAll(/^(\w+\/\w+)/gm)) namesOf(part!, names);
  return names;
}
