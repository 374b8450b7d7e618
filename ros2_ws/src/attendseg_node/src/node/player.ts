import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../errorText.js';
import { Scope } from '../inference/scope.js';
import type { Bag, BagMessage, BagSelection } from '../recording/bag.js';
import { BagError } from '../recording/bag.js';
import { parseHeader } from '../recording/imageMessages.js';
import { openBag } from '../recording/openBag.js';
import { stampText } from './dropped.js';
import type { PlayOptions } from './playOptions.js';
import { PlayTimes, ReplayClock } from './playTimes.js';
import type { ReplayCamera } from './replayCamera.js';
import { ReplayListener } from './replayListener.js';
import { ReplayRecorder } from './replayRecorder.js';
import { chooseTopics, isPicture } from './replayTopics.js';
import { RosNode, type RosPublisher, startRos } from './ros.js';
import type { Topic } from './topics.js';

/** Milliseconds that subscribers which have been found get to find us. */
const SETTLING = 500;
/** Until a picture without an answer is sent again, at first; then ever longer. */
const AGAIN = 1000;
/** Until one that met a node on standby is sent again. */
const STANDBY = 100;
/** That the last answers get where pictures may be lost. */
const LAST_ANSWERS = 5000;
/** That what follows the last answer gets, such as camera_info, and the last message to leave. */
const LEAVING = 300;
/** Between two lines about what is awaited. */
const TELLING = 5000;
const POLL = 50;

const INTERRUPTED = 130;

/**
 * Plays a bag's pictures with what belongs to them into the graph, until it ends or `ended` is aborted, and notes what a
 * node answers.
 * @returns the exit code: 1 if a picture was left without an answer in lossless mode, 130 if it was ended
 * @throws Error in one line
 */
export async function play(
  options: PlayOptions,
  argv: readonly string[],
  ended: AbortSignal,
): Promise<number> {
  const scope = new Scope(ended);
  try {
    const bag = scope.own(await openBag(options.bag), (opened) => opened.close());
    const listens = options.record !== undefined || options.lossless === true;
    const { topics, notes } = chooseTopics(bag, options.topics, listens);
    notes.forEach(tell);
    const start = bag.span?.start ?? (await firstTime(bag));
    if (start === undefined) throw new BagError(`bag ${bag.path}: no messages in it`);
    await startRos(argv, scope);
    const node = RosNode.create('attendseg_player', scope);
    const player = new Player(options, bag, topics, start, node, scope, ended);
    node.spin();
    return await player.run();
  } finally {
    await scope.close();
  }
}

class Player {
  readonly #publishers: ReadonlyMap<string, RosPublisher<Buffer>>;
  readonly #selection: BagSelection;
  readonly #from: bigint;
  readonly #clock: ReplayClock | undefined;
  #recorder: ReplayRecorder | undefined;
  #listener: ReplayListener | undefined;
  /** Of each camera: ends when its last picture has its answer. */
  readonly #deliveries = new Map<string, Promise<void>>();
  #failure: Error | undefined;
  #played = 0;
  readonly #damaged: string[] = [];

  constructor(
    private readonly options: PlayOptions,
    private readonly bag: Bag,
    private readonly topics: readonly Topic[],
    start: bigint,
    private readonly node: RosNode,
    private readonly scope: Scope,
    private readonly ended: AbortSignal,
  ) {
    const after = (seconds: number): bigint => start + BigInt(Math.round(seconds * 1e9));
    this.#from = after(options.start ?? 0);
    this.#selection = {
      topics: topics.map(({ name }) => name),
      from: this.#from,
      ...(options.end !== undefined && { until: after(options.end) }),
    };
    this.#publishers = new Map(topics.map((topic) => [topic.name, node.publisher<Buffer>(topic)]));
    this.#clock =
      options.clock &&
      scope.own(new ReplayClock(node, this.#from), (clock) => {
        clock.stop();
      });
  }

  async run(): Promise<number> {
    const { options, ended, scope } = this;
    const wake = (): void => {
      for (const camera of this.#cameras) camera.wake();
    };
    ended.addEventListener('abort', wake);
    if (options.record !== undefined)
      this.#recorder = scope.own(await ReplayRecorder.create(options.record), (recorder) => recorder.abort());
    if (options.wait) await this.#awaitSubscribers();
    if (options.record !== undefined || options.lossless) await this.#listen();
    const times = new PlayTimes(options.rate);
    do await this.#pass(times);
    while (options.loop && this.#played > 0 && !ended.aborted);
    await Promise.all(this.#deliveries.values());
    if (this.#failure !== undefined) throw this.#failure;
    if (!ended.aborted) await this.#awaitLast();
    return this.#finish(times);
  }

  get #cameras(): readonly ReplayCamera[] {
    return this.#listener?.cameras ?? [];
  }

  /** Waits for a condition, and says every few seconds for what. @returns whether it holds */
  async #until(holds: () => boolean, what: () => string, seconds = Infinity): Promise<boolean> {
    const { ended } = this;
    const start = performance.now();
    let told = start;
    while (!holds()) {
      const now = performance.now();
      if (ended.aborted || now - start > 1000 * seconds) return false;
      if (now - told > TELLING) {
        told = now;
        tell(`waiting for ${what()}`);
      }
      await sleep(POLL);
    }
    return true;
  }

  get #pictures(): readonly Topic[] {
    return this.topics.filter(isPicture);
  }

  async #awaitSubscribers(): Promise<void> {
    const names = this.#pictures.map(({ name }) => name);
    const missing = (): string[] => names.filter((name) => !this.#publishers.get(name)!.wanted);
    // A bag may have pictures that nobody is to take.
    const most = this.options.topics === undefined ? Math.max(0, names.length - 1) : 0;
    await this.#until(
      () => missing().length <= most,
      () => `a subscriber of ${missing().join(most > 0 ? ' or ' : ', ')}`,
    );
    await this.#pause(SETTLING);
  }

  /** @throws Error if no node takes the pictures */
  async #listen(): Promise<void> {
    const { options, node, ended } = this;
    const images = this.#pictures;
    const listener = new ReplayListener(node, images, options, this.#recorder, this.#from);
    const names = images.map(({ name }) => name).join(', ');
    const found = await this.#until(
      () => listener.look(),
      () => `a node that segments ${names}`,
      options.patience,
    );
    if (ended.aborted) return;
    if (!found)
      throw new Error(
        `no node segments ${names || 'anything: the bag has no pictures'} (waited ${options.patience} s); start one: attendseg node --ros-args -r image:=${images[0]?.name ?? 'TOPIC'}`,
      );
    // A node takes all its cameras at once, but they are not discovered at once.
    await this.#pause(SETTLING);
    await listener.open();
    this.#listener = listener;
    // In lossless mode the first picture is sent again until the node knows us.
    if (!options.lossless) await this.#pause(SETTLING);
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.ended }).catch(() => undefined);
  }

  /** Plays the bag once. */
  async #pass(times: PlayTimes): Promise<void> {
    const { bag, ended, options } = this;
    let isBegun = false;
    for await (const message of bag.messages(this.#selection)) {
      if (!isBegun) {
        // Not before: opening the bag takes its time.
        isBegun = true;
        times.begin(this.#from);
        this.#clock?.begin(this.#from, options.lossless ? 0 : options.rate);
      }
      if (!options.lossless) await this.#pause(times.until(message.time));
      await this.#recorder?.settled();
      if (ended.aborted || this.#failure !== undefined) return;
      await this.#send(message, times);
    }
    this.#clock?.hold();
  }

  async #send(message: BagMessage, times: PlayTimes): Promise<void> {
    const { topic, time, data, where } = message;
    let stamp;
    try {
      stamp = stampText(parseHeader(topic.type, data).stamp);
    } catch (error) {
      this.#damaged.push(`${where}, ${topic.name}: not played: ${errorText(error)}`);
      return;
    }
    const publisher = this.#publishers.get(topic.name)!;
    const camera = this.#listener?.cameraOf(topic.name);
    const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (this.options.lossless && camera !== undefined) {
      await this.#deliveries.get(topic.name);
      // It may have failed, or have been ended, meanwhile.
      if (this.#failure !== undefined || this.ended.aborted) return;
      const copy = Buffer.from(view);
      this.#clock?.tell(time);
      camera.begin(stamp, time);
      this.#deliveries.set(topic.name, this.#deliver(camera, publisher, copy, stamp));
    } else {
      this.#clock?.tell(time);
      camera?.begin(stamp, time);
      if (isPicture(topic)) times.sent(topic.name, time);
      publisher.publish(view);
    }
    this.#listener?.now(time);
    this.#played++;
  }

  /** Sends a picture until it is answered: on its way to the node it may be lost. Throws nothing. */
  async #deliver(
    camera: ReplayCamera,
    publisher: RosPublisher<Buffer>,
    message: Buffer,
    stamp: string,
  ): Promise<void> {
    const { ended, options } = this;
    const start = performance.now();
    const left = (): number => 1000 * options.patience - (performance.now() - start);
    try {
      for (let again = AGAIN; ; again *= 2) {
        publisher.publish(message);
        await camera.change(Math.min(again, left()));
        if (camera.hasEnded(stamp) || ended.aborted) return;
        if (camera.metStandby(stamp)) await this.#pause(STANDBY);
        if (left() <= 0) break;
      }
      camera.giveUp(stamp);
      if (!this.#listener!.isThere(camera)) {
        this.#failure = new Error(
          `${camera.image}: the node that segmented it is gone, after ${camera.masks} masks; see why it ended`,
        );
      }
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }

  /** Waits for the answers that are under way. */
  async #awaitLast(): Promise<void> {
    if (!this.options.lossless) {
      const start = performance.now();
      while (this.#cameras.some(({ isUpToDate }) => !isUpToDate) && performance.now() - start < LAST_ANSWERS)
        await this.#pause(POLL);
    }
    await this.#pause(LEAVING);
  }

  async #finish(times: PlayTimes): Promise<number> {
    const { options, ended, bag } = this;
    for (const camera of this.#cameras) {
      camera.giveUp();
      console.log(camera.summary);
    }
    const problems = [...bag.problems, ...this.#damaged];
    problems.forEach(tell);
    if (times.late !== undefined) tell(times.late);
    if (this.#recorder !== undefined && this.#listener !== undefined) {
      await this.#recorder.close(this.#cameras);
      console.log(`${options.record!}: written`);
    }
    if (ended.aborted) return INTERRUPTED;
    if (this.#played === 0)
      throw new Error(
        `bag ${bag.path}: nothing was played: no message of ${this.topics.map(({ name }) => name).join(', ')} between --start and --end`,
      );
    console.log(`${this.#played} messages played`);
    const isIncomplete = options.lossless && this.#cameras.some(({ unanswered }) => unanswered.length > 0);
    return isIncomplete || problems.length > 0 ? 1 : 0;
  }
}

/** Of a bag that does not say when it begins. */
async function firstTime(bag: Bag): Promise<bigint | undefined> {
  for await (const { time } of bag.messages()) return time;
  return undefined;
}

function tell(line: string): void {
  console.error(`attendseg: ${line}`);
}
