import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { PlayOptions } from '../node/playOptions.js';
import { CAMERA_INFO_TOPIC, LABEL_INFO_TOPIC } from '../node/topics.js';
import { OUTPUT_NAMES, outputTopic } from '../node/replayTopics.js';
import { addExample } from './commandLine.js';
import { decimal, list, notEmpty, text } from './optionValues.js';
import { requireRos } from './requireRos.js';

const PLAY_COMMAND = 'play';

const EXAMPLE = 'attendseg play drive.mcap --lossless --clock --record masks.mcap';

/** `attendseg play`: plays a bag into the graph, and records what the node makes of it, until `ended`. */
export function addPlayCommand(
  program: Command,
  ros: readonly string[],
  ended: AbortSignal,
  done: (code: number) => void,
): void {
  const command = program.command(PLAY_COMMAND);
  addExample(command, EXAMPLE)
    .description('play the pictures of a bag into a running node, and record its masks')
    .argument('<bag>', 'file or folder of ros2 bag: MCAP or sqlite3', notEmpty)
    .option('--topics <list>', 'topics to play, with commas between; all that a node takes if left out', list)
    .option('--rate <n>', 'so many times as fast as it was recorded', decimal(0.001, 1000), 1)
    .option('--lossless', 'no picture is lost: each goes out when the one before it was answered')
    .option('--loop', 'begin again at the end, until Ctrl-C')
    .option(
      '--start <seconds>',
      'leave out what was recorded before, from the beginning of the bag',
      decimal(0, 1e9),
    )
    .option('--end <seconds>', 'leave out what was recorded from then on', decimal(0, 1e9))
    .option('--clock', 'publish the time of the bag on /clock, for nodes with use_sim_time')
    .option(
      '--wait',
      'wait until each topic of pictures in --topics has a subscriber; without --topics, until one has',
    )
    .option('--record <path>', 'OUT.mcap for what the node answers')
    .option('--outputs <list>', `what of the node is recorded: ${OUTPUT_NAMES.join(',')}`, outputs, [
      'mask',
      'label_info',
      'camera_info',
    ])
    .option('--node-namespace <name>', 'of the masks, if the graph has several that may be meant', text)
    .option(
      '--patience <seconds>',
      'that a node, and an answer in lossless mode, is waited for',
      decimal(0.1, 86400),
      60,
    )
    .action(async (bag: string, options: Omit<PlayOptions, 'bag'>) => {
      check(command, options);
      if (!existsSync(bag))
        throw new Error(`${bag}: there is no such bag; give a file or folder of ros2 bag`);
      requireRos();
      if (ended.aborted) return;
      const { play } = await import('../node/player.js');
      done(await play({ ...options, bag }, ros, ended));
    });
}

function check(command: Command, { lossless, loop, record, start, end }: Omit<PlayOptions, 'bag'>): void {
  if (lossless && command.getOptionValueSource('rate') !== 'default')
    command.error("error: option '--rate' does not go with --lossless, which is as fast as the node");
  if (loop && record !== undefined)
    command.error("error: option '--loop' does not go with --record: a file has each picture once");
  if (start !== undefined && end !== undefined && end <= start)
    command.error("error: option '--end' is not after --start: nothing would be played");
  if (record !== undefined) {
    if (!existsSync(dirname(resolve(record))))
      throw new Error(`${record}: its folder does not exist; make it first`);
  }
}

function outputs(value: string): string[] {
  const names = list(value);
  const topics = names.map((name) => {
    const topic = outputTopic(name);
    if (topic === undefined)
      throw new InvalidArgumentError(`"${name}" is not one of ${OUTPUT_NAMES.join(', ')}.`);
    return topic;
  });
  if (topics.every(({ type }) => type === LABEL_INFO_TOPIC.type || type === CAMERA_INFO_TOPIC.type))
    throw new InvalidArgumentError('Name one that every picture gives, such as mask.');
  return names;
}
