import { expect, test } from '@jest/globals';
import { parse } from '@foxglove/rosmsg';
import { ros2jazzy } from '@foxglove/rosmsg-msgs-common';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { cameraInfoCdr, labelInfoCdr, type CameraInfo } from '#recording/infoMessages.js';
import { messageDefinition } from '#recording/messageDefinitions.js';

const definitions = (type: string): ReturnType<typeof parse> =>
  parse(messageDefinition(type), { ros2: true });

test.each(['Image', 'CompressedImage', 'CameraInfo'])('sensor_msgs/%s as ROS has it', (name) => {
  const [own, ...parts] = definitions(`sensor_msgs/msg/${name}`);
  const { definitions: theirs } = ros2jazzy[`sensor_msgs/${name}` as keyof typeof ros2jazzy];
  expect(own!.definitions).toEqual(theirs);
  for (const { name: part, definitions: fields } of parts)
    expect(fields).toEqual(ros2jazzy[part as keyof typeof ros2jazzy].definitions);
});

test('a definition stands by itself', () => {
  expect(messageDefinition('vision_msgs/msg/LabelInfo')).toBe(`\
std_msgs/Header header
vision_msgs/VisionClass[] class_map
float32 threshold
${'='.repeat(80)}
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
${'='.repeat(80)}
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
${'='.repeat(80)}
MSG: vision_msgs/VisionClass
uint16 class_id
string class_name
`);
});

test('a type that is not written', () => {
  expect(() => messageDefinition('std_msgs/msg/String')).toThrow('std_msgs/String');
});

const header = { stamp: { sec: -3, nanosec: 999_999_999 }, frame_id: 'kamera/ü' };

/** Read by a library from the definition. */
function reread(type: string, message: Uint8Array): unknown {
  return new MessageReader(definitions(type)).readMessage(message);
}

test.each([[[]], [[0.1, -0.2, 0, 0, 0.5]]])('camera info with distortion %j', (d) => {
  const matrix = (size: number): Float64Array => Float64Array.from({ length: size }, (_, i) => i * 1.5 - 2);
  const info: CameraInfo = {
    header,
    height: 480,
    width: 640,
    distortion_model: 'plumb_bob',
    d,
    k: matrix(9),
    r: [...matrix(9)].reverse(),
    p: matrix(12),
    binning_x: 1,
    binning_y: 2,
    roi: { x_offset: 3, y_offset: 4, height: 5, width: 6, do_rectify: true },
  };
  const read = reread('sensor_msgs/msg/CameraInfo', cameraInfoCdr(info)) as CameraInfo;
  expect(read).toEqual({
    ...info,
    d: Float64Array.from(d),
    r: Float64Array.from(info.r),
  });
  expect(() => cameraInfoCdr({ ...info, p: matrix(9) })).toThrow('CameraInfo.p has 9 of 12 values');
});

test('label info', () => {
  const class_map = [
    { class_id: 0, class_name: 'sky' },
    { class_id: 300, class_name: 'Straße' },
    { class_id: 7, class_name: '' },
  ];
  expect(
    reread('vision_msgs/msg/LabelInfo', labelInfoCdr({ header, class_map, threshold: 0.25 })),
  ).toMatchObject({
    header: { frame_id: header.frame_id },
    class_map,
    threshold: 0.25,
  });
});
