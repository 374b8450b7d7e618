import { describe, expect, test } from '@jest/globals';
import { PlayTimes } from '#node/playTimes.js';
import { ReplayCamera } from '#node/replayCamera.js';
import { chooseTopics, namesOf, outputsOf, outputTopic, recordedNamespaces } from '#node/replayTopics.js';
import type { BagTopic } from '#recording/bag.js';

describe('what becomes of a picture', () => {
  const camera = (isPatient = false, outputs = ['mask']) =>
    new ReplayCamera('/image', new Set(outputs), isPatient);

  test('all its outputs, each once, with the time of its recording', () => {
    const one = camera(false, ['mask', 'overlay']);
    one.begin('1', 10n);
    expect(one.output('mask', '1')).toBe(10n);
    expect([one.masks, one.hasEnded('1')]).toEqual([0, false]);
    expect(one.output('mask', '1')).toBeUndefined();
    expect(one.output('overlay', '1')).toBe(10n);
    expect(one.output('camera_info', '1')).toBe(10n);
    expect(one.output('mask', 'of another')).toBeUndefined();
    expect([one.masks, one.isUpToDate]).toEqual([1, true]);
  });

  test('dropped, lost or without answer, and nothing twice', () => {
    const one = camera();
    for (const stamp of ['1', '2', '3', '4']) one.begin(stamp, 0n);
    one.drop('1', 'superseded');
    one.drop('1', 'failed');
    one.output('mask', '3');
    one.drop('3', 'failed');
    one.giveUp();
    expect(one.drops).toEqual([
      { stamp: '1', reason: 'superseded' },
      { stamp: '2', reason: 'lost in transport' },
    ]);
    expect(one.unanswered).toEqual(['4']);
    expect(one.summary).toBe(
      '/image: 4 sent, 1 masks, 2 dropped (1 superseded, 1 lost in transport), 1 without answer',
    );
  });

  test('patiently: standby is no answer', () => {
    const one = camera(true);
    one.begin('1', 0n);
    one.drop('1', 'standby');
    expect([one.hasEnded('1'), one.metStandby('1'), one.metStandby('1')]).toEqual([false, true, false]);
    one.drop('1', 'undecodable');
    expect([one.hasEnded('1'), one.drops.length]).toEqual([true, 1]);
  });

  test('a stamp that comes again is another picture', () => {
    const one = camera();
    one.begin('0', 1n);
    one.begin('0', 2n);
    expect(one.output('mask', '0')).toBe(2n);
    expect([one.sent, one.masks, one.unanswered]).toEqual([2, 1, ['0']]);
  });

  test('a drive of any length is counted', () => {
    const one = camera();
    for (let i = 0; i < 2500; i++) {
      one.begin(String(i), 0n);
      if (i % 2 === 1) one.output('mask', String(i));
    }
    one.giveUp();
    expect([one.sent, one.masks, one.drops.length, one.unanswered.length]).toEqual([2500, 1250, 1250, 0]);
  });
});

describe('whose masks belong to a camera', () => {
  const mask = (prefix: string, ...nodes: string[]) => ({
    name: `${prefix}segmentation/mask`,
    nodes: new Set(nodes),
  });
  const takers = new Set(['/robot/attendseg', '/rviz']);

  test.each([
    ['of a node anywhere', '/camera/image_raw', [mask('/', '/robot/attendseg')], '/'],
    ['not of one that does not take it', '/camera/image_raw', [mask('/camera/', '/other')], undefined],
    [
      'of several cameras of a node the one of its name',
      '/left/image_raw/compressed',
      [mask('/robot/left/', '/robot/attendseg'), mask('/robot/front/', '/robot/attendseg')],
      '/robot/left/',
    ],
    [
      'of several the one beside it',
      '/left/image_raw',
      [mask('/left/', '/robot/attendseg'), mask('/left/left/', '/robot/attendseg')],
      '/left/',
    ],
  ])('%s', (_, image, masks, expected) => {
    expect(outputsOf(image, takers, masks, undefined)).toBe(expected);
  });

  test('as the user says, where it cannot be told', () => {
    const masks = [mask('/a/', '/robot/attendseg'), mask('/b/', '/rviz')];
    expect(() => outputsOf('/image', takers, masks, undefined)).toThrow(
      '/image: its masks may be on /a/segmentation/mask or /b/segmentation/mask; say which by --node-namespace',
    );
    expect(outputsOf('/image', takers, masks, 'b')).toBe('/b/');
    expect(outputsOf('/image', takers, masks, '/c')).toBeUndefined();
  });

  test('of a node that is not known yet nothing is, nor of two such', () => {
    const peer = { type: 'a type', reliability: 'reliable', durability: 'volatile' } as const;
    const unknown = namesOf([{ ...peer, node: undefined }]);
    const masks = [
      { name: '/a/segmentation/mask', nodes: unknown },
      { name: '/b/segmentation/mask', nodes: unknown },
    ];
    expect(outputsOf('/image', unknown, masks, undefined)).toBeUndefined();
    const known = [...takers].map((node) => ({ ...peer, node }));
    expect(
      outputsOf(
        '/image',
        namesOf([{ ...peer, node: undefined }, ...known]),
        [...masks, mask('/', '/rviz')],
        undefined,
      ),
    ).toBe('/');
  });

  test('in the file they are beside the image, or under it where two share a namespace', () => {
    expect(recordedNamespaces(['/a/image_raw/compressed', '/b/image'])).toEqual(['/a/', '/b/']);
    expect(recordedNamespaces(['/a/left', '/a/right'])).toEqual(['/a/left/', '/a/right/']);
  });
});

describe('which topics of a bag are played', () => {
  const topic = (name: string, type: string, offeredQos = ''): BagTopic => ({
    name,
    type: `${type.includes('/') ? '' : 'sensor_msgs/msg/'}${type}`,
    messages: 1,
    offeredQos,
  });
  const bag = (...topics: BagTopic[]) => ({ path: 'a.mcap', topics });
  const image = topic('/camera/image', 'Image');
  const labels = 'vision_msgs/msg/LabelInfo';

  test('pictures with what belongs to them; outputs only where nobody is listened to', () => {
    const all = bag(image, topic('/imu', 'Imu'), topic('/camera/segmentation/mask', 'Image'));
    const names = (listens: boolean) => chooseTopics(all, undefined, listens).topics.map(({ name }) => name);
    expect(names(false)).toEqual(['/camera/image', '/camera/segmentation/mask']);
    expect(names(true)).toEqual(['/camera/image']);
    expect(chooseTopics(all, undefined, true).notes).toHaveLength(1);
  });

  test('what is not there is named', () => {
    const all = bag(image, topic('/imu', 'Imu'));
    expect(() => chooseTopics(all, ['/imu'], false)).toThrow(
      'bag a.mcap: topic /imu: it is of type sensor_msgs/msg/Imu; it can play /camera/image',
    );
    expect(() => chooseTopics(all, ['/front'], false)).toThrow('topic /front: there is no such topic');
    expect(() => chooseTopics(bag(topic('/imu', 'Imu')), undefined, false)).toThrow(
      'nothing in it that can be played (pictures, CameraInfo, LabelInfo); it has /imu (sensor_msgs/msg/Imu)',
    );
  });

  test.each([
    ['', 'volatile', 10],
    ['- durability: 2\n  depth: 3', 'volatile', 10],
    ['- durability: 1\n  depth: 3', 'transient_local', 3],
    ['- durability: volatile\n- durability: transient_local\n  depth: 0', 'transient_local', 1],
  ])('latched as it was: %j', (offered, durability, depth) => {
    const { topics, notes } = chooseTopics(bag(topic('/labels', labels, offered)), undefined, false);
    expect(topics[0]!.qos).toMatchObject({ reliability: 'reliable', durability, depth });
    expect(notes).toEqual([]);
  });

  test('a QoS that cannot be read is told', () => {
    const { topics, notes } = chooseTopics(bag(topic('/labels', labels, 'x: [')), undefined, false);
    expect(topics[0]!.qos.durability).toBe('volatile');
    expect(notes[0]).toMatch(/^\/labels is not latched: offered_qos_profiles cannot be read: /);
  });

  test('outputs have names', () => {
    expect(outputTopic('groups/people')?.name).toBe('segmentation/groups/people');
    expect(outputTopic('camera_info')?.name).toBe('segmentation/camera_info');
    expect(outputTopic('masks')).toBeUndefined();
  });
});

test('pictures are due by the rate; who is late by more than a frame is told', () => {
  let now = 1000;
  const times = new PlayTimes(2, () => now);
  times.begin(0n);
  expect(times.until(1_000_000_000n)).toBe(500);
  const send = (at: number, recorded: bigint): void => {
    now = 1000 + at;
    times.sent('/image', recorded);
  };
  send(300, 0n);
  send(90, 100_000_000n);
  expect(times.late).toBeUndefined();
  send(160, 200_000_000n);
  expect(times.late).toMatch(/^1 pictures went out late by more than a frame, the latest by 60 ms/);
});
