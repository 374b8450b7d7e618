import type { RosNode, RosPublisher } from './ros.js';
import type { Topic } from './topics.js';

/** Milliseconds that a busy machine's timers may be late: nobody calls that late. */
const TIMERS = 20;

/** When each message is due, and which pictures went out late. */
export class PlayTimes {
  #from = 0n;
  #began = 0;
  #late = 0;
  #latest = 0;
  /** Of each topic: when its last picture was recorded. */
  readonly #before = new Map<string, bigint>();

  /** `now`: a steady clock, in milliseconds. */
  constructor(
    private readonly rate: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What was recorded at `from` is due now. */
  begin(from: bigint): void {
    this.#from = from;
    this.#began = this.now();
    this.#before.clear();
  }

  /** Milliseconds until what was recorded at `time` is due; negative when it is late. */
  until(time: bigint): number {
    return this.#began + this.#scaled(time - this.#from) - this.now();
  }

  /** A picture goes out. */
  sent(topic: string, time: bigint): void {
    const before = this.#before.get(topic);
    this.#before.set(topic, time);
    const delay = -this.until(time);
    if (before === undefined || delay <= Math.max(TIMERS, this.#scaled(time - before))) return;
    this.#late++;
    this.#latest = Math.max(this.#latest, delay);
  }

  /** One line for people, if any went out late by more than a frame. */
  get late(): string | undefined {
    if (this.#late === 0) return undefined;
    return `${this.#late} pictures went out late by more than a frame, the latest by ${Math.round(this.#latest)} ms: this machine does not keep up; take a lower --rate, or --lossless`;
  }

  #scaled(nanoseconds: bigint): number {
    return Number(nanoseconds) / 1e6 / this.rate;
  }
}

const CLOCK_TOPIC: Topic = {
  name: '/clock',
  type: 'rosgraph_msgs/msg/Clock',
  encoding: '',
  qos: { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 10 },
  description: '',
};

interface ClockMessage {
  readonly clock: { readonly sec: number; readonly nanosec: number };
}

/** Milliseconds between two times: 40 Hz, as ros2 bag play has it. */
const PERIOD = 25;

/** Publishes the bag's time on /clock, steadily and with each message; within a pass it never goes back. */
export class ReplayClock {
  readonly #publisher: RosPublisher<ClockMessage>;
  readonly #timer: NodeJS.Timeout;
  #from: bigint;
  #began = 0;
  #rate = 0;
  #latest: bigint;

  /** It stands at `from` until it begins. */
  constructor(node: RosNode, from: bigint) {
    this.#publisher = node.publisher(CLOCK_TOPIC);
    this.#from = this.#latest = from;
    this.#timer = setInterval(() => {
      const elapsed = (performance.now() - this.#began) * this.#rate;
      this.tell(this.#from + BigInt(Math.round(elapsed * 1e6)));
    }, PERIOD);
  }

  /** It is `from` now and goes on with `rate`; of 0, with what is told only. */
  begin(from: bigint, rate: number): void {
    this.#from = this.#latest = from;
    this.#began = performance.now();
    this.#rate = rate;
  }

  /** It stands still at what it told last. */
  hold(): void {
    this.#from = this.#latest;
    this.#rate = 0;
  }

  /** It is `time` now, nanoseconds since 1970, or later already. */
  tell(time: bigint): void {
    if (time > this.#latest) this.#latest = time;
    const [sec, nanosec] = [this.#latest / 1_000_000_000n, this.#latest % 1_000_000_000n];
    this.#publisher.publish({ clock: { sec: Number(sec), nanosec: Number(nanosec) } });
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
