import rclnodejs from 'rclnodejs';
import { errorText } from '../errorText.js';
import type { Scope } from '../inference/scope.js';
import type { Stamp } from '../recording/cdr.js';
import type { CompressedImageMessage, ImageMessage } from './imageMessage.js';
import { ImageStruct } from './imageStruct.js';
import type { Peer } from './qosMismatch.js';
import {
  type Decision,
  Descriptor,
  type ParameterChange,
  RclNode,
  type RosParameter,
  toParameter,
} from './rclNode.js';
import { joined, toPeer, toPolicies } from './rmwTypes.js';
import type { Direction, Topic, TopicQos } from './topics.js';

type TypeName = Parameters<InstanceType<typeof rclnodejs.Node>['createPublisher']>[0];
type Policies = ConstructorParameters<typeof rclnodejs.QoS>;

/**
 * Milliseconds after which the thread that waits for messages looks whether the node has ended. A hundred times a second
 * cost as much as everything else in a node that has nothing to do.
 */
const LONGEST_WAIT = 100;
/** Milliseconds for which a subscription that was destroyed is kept from the garbage collector. */
const RETIRED = 1000;

export interface RosPublisher<Message> {
  readonly wanted: boolean;
  /** @throws Error that names the topic, if the middleware does not take the message */
  publish(message: Message): void;
}

/** Who sent a message, and as its how manieth, where the middleware tells. */
export interface MessageInfo {
  readonly publisherGid: Buffer;
  readonly publicationSequenceNumber: bigint;
}

export interface RosLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Starts ROS 2 in this process, with what stands after --ros-args. It ends with the scope. */
export async function startRos(argv: readonly string[], scope: Scope): Promise<void> {
  // Importing it installed one, which would end the context at any moment.
  rclnodejs.removeSignalHandlers();
  await rclnodejs.init(undefined, [...argv]);
  // process.exit() while rclnodejs spins aborts: end its context and let the event loop run dry.
  scope.own(rclnodejs, () => {
    rclnodejs.shutdown();
  });
}

/**
 * The door to rclnodejs, with rclNode.ts behind it: every call of the product goes through here. Errors name the topic,
 * and what a callback throws is logged, since it would abort the process.
 */
export class RosNode {
  readonly #node: RclNode;
  readonly #scope: Scope;
  readonly #outer: RosNode | undefined;
  /** By direction and full name. */
  readonly #qos: Map<string, TopicQos>;
  /** By type and full name. */
  readonly #publishers = new Map<string, RosPublisher<never>>();
  readonly log: RosLog;

  private constructor(node: RclNode, scope: Scope, outer?: RosNode) {
    this.#node = node;
    this.#scope = scope;
    this.#outer = outer;
    this.#qos = outer === undefined ? new Map<string, TopicQos>() : outer.#qos;
    this.log = outer === undefined ? node.getLogger() : outer.log;
    if (outer === undefined)
      scope.own(this, () => {
        node.ended = true;
      });
  }

  /** `startRos` comes first. What the node opens ends with the scope. */
  static create(name: string, scope: Scope): RosNode {
    return new RosNode(new RclNode(name), scope);
  }

  /** The same node: what is opened through this ends with `scope`. Publishers that are there already are used again. */
  within(scope: Scope): RosNode {
    return new RosNode(this.#node, scope, this);
  }

  get name(): string {
    return this.#node.name();
  }

  get namespace(): string {
    return this.#node.namespace();
  }

  /** Namespace and name, with a slash in front. */
  get fullName(): string {
    return this.#node.getFullyQualifiedName();
  }

  /** Calls callbacks from now on. */
  spin(): void {
    this.#node.spin(LONGEST_WAIT);
  }

  /** Time of ROS: the system's, or the simulation's. */
  now(): Stamp {
    return this.#node.getClock().now().toMsg();
  }

  /** Is use_sim_time set? (rclnodejs declares no such getter.) */
  get isTimeSimulated(): boolean {
    return (this.#node.getClock() as unknown as { isRosTimeActive: boolean }).isRosTimeActive;
  }

  /** How many nodes of a full name the graph has. */
  countNodes(fullName: string): number {
    const nodes: { name: string; namespace: string }[] = this.#node.getNodeNamesAndNamespaces();
    return nodes.filter(({ name, namespace }) => joined(namespace, name) === fullName).length;
  }

  /** A topic's full name, remapped. */
  resolve(topic: Topic): string {
    return this.#node.resolveTopicName(topic.name);
  }

  /** @throws Error that names the topic, such as one of another type */
  publisher<Message>(topic: Topic): RosPublisher<Message> {
    const key = `${topic.type} ${this.resolve(topic)}`;
    const known = this.#known(key);
    if (known !== undefined) return known;
    const publisher = this.#createPublisher<Message>(topic);
    this.#publishers.set(key, publisher);
    return publisher;
  }

  #known(key: string): RosPublisher<never> | undefined {
    const own = this.#publishers.get(key);
    return own !== undefined || this.#outer === undefined ? own : this.#outer.#known(key);
  }

  #createPublisher<Message>(topic: Topic): RosPublisher<Message> {
    const publisher = this.#atTopic(
      topic,
      () =>
        this.#node.createPublisher(topic.type as TypeName, topic.name, {
          qos: this.#qosOf(topic, 'publisher'),
        }),
      // rclnodejs declares a method for the count, but has a getter; and takes whole messages as buffers.
    ) as unknown as { topic: string; subscriptionCount: number; publish: (message: Message) => void };
    this.#scope.own(publisher, () => {
      this.#node.destroyPublisher(publisher as unknown as Parameters<RclNode['destroyPublisher']>[0]);
    });
    return {
      get wanted() {
        return publisher.subscriptionCount > 0;
      },
      publish: (message) => {
        try {
          publisher.publish(message);
        } catch (error) {
          throw new Error(`${publisher.topic}: not published: ${errorText(error)}`, { cause: error });
        }
      },
    };
  }

  /** @returns what ends the subscription. @throws Error that names the topic */
  subscribe(topic: Topic, receive: (message: unknown) => void): () => void {
    return this.#subscribe(topic, topic.type as TypeName, false, receive);
  }

  /**
   * The same of sensor_msgs/Image or CompressedImage, with who sent them. The pictures' bytes are good until `receive`
   * returns.
   */
  subscribePictures(
    topic: Topic,
    receive: (message: ImageMessage | CompressedImageMessage, info: MessageInfo | undefined) => void,
  ): () => void {
    const struct = new ImageStruct(rclnodejs.require(topic.type));
    return this.#subscribe(
      topic,
      struct.typeClass,
      false,
      (message, info) => {
        receive(message as ImageMessage | CompressedImageMessage, info);
      },
      () => {
        struct.free();
      },
    );
  }

  /** The same with messages as they are on the wire, CDR; three copies each, so not for a camera. */
  subscribeRaw(topic: Topic, receive: (message: Buffer) => void): () => void {
    return this.#subscribe(topic, topic.type as TypeName, true, (message) => {
      receive(message as Buffer);
    });
  }

  #subscribe(
    topic: Topic,
    type: TypeName,
    isRaw: boolean,
    receive: (message: unknown, info: MessageInfo | undefined) => void,
    retired?: () => void,
  ): () => void {
    const name = this.resolve(topic);
    const subscription = this.#atTopic(topic, () =>
      this.#node.createSubscription(
        type,
        topic.name,
        { qos: this.#qosOf(topic, 'subscription'), isRaw },
        (message: unknown, info?: MessageInfo) => {
          this.guard(`${name}: message not used`, () => {
            receive(message, info);
          });
        },
      ),
    );
    let open = true;
    const end = (): void => {
      if (!open) return;
      open = false;
      this.#node.destroySubscription(subscription);
      // The thread that waits may hand it over once more: it must not be collected before.
      setTimeout(() => {
        retired?.();
        return subscription;
      }, RETIRED).unref();
    };
    return this.#scope.own(end, end);
  }

  /** Offers a service; `name` may begin with ~/. What `answer` throws is logged, and nothing is answered. */
  service<Response>(
    name: string,
    type: string,
    answer: (request: unknown) => Response | Promise<Response>,
  ): void {
    this.#node.createService(type, name, answer);
  }

  /** Full names of the topics of a type that the graph has. */
  topicsOf(type: string): string[] {
    const topics: { name: string; types: string[] }[] = this.#node.getTopicNamesAndTypes();
    return topics.filter(({ types }) => types.includes(type)).map(({ name }) => name);
  }

  publishersOf(topic: string): Peer[] {
    return this.#node.getPublishersInfoByTopic(topic, false).map(toPeer);
  }

  subscriptionsOf(topic: string): Peer[] {
    return this.#node.getSubscriptionsInfoByTopic(topic, false).map(toPeer);
  }

  declareParameter(parameter: RosParameter): void {
    this.#node.declareParameter(toParameter(parameter), new Descriptor(parameter), true);
  }

  /** From now on `decide` has the word on every change from outside. */
  onParameterChanges(decide: (changes: readonly ParameterChange[]) => Decision): void {
    this.#node.decide = decide;
  }

  /** Sets use_sim_time, which every node has. */
  simulateTime(simulated: boolean): void {
    this.setParameter({ name: 'use_sim_time', type: 'boolean', value: simulated });
  }

  /** As if it were set from outside. */
  setParameter(parameter: Pick<RosParameter, 'name' | 'type' | 'value'>): void {
    this.#node.setParameter(toParameter(parameter));
  }

  /** Calls, and logs what is thrown. */
  guard(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.log.error(`${what}: ${errorText(error)}`);
    }
  }

  /** The topic has this QoS instead of its own, from the next publisher or subscription on. */
  overrideQos(topic: Topic, direction: Direction, qos: TopicQos): void {
    this.#qos.set(`${direction} ${this.resolve(topic)}`, qos);
  }

  #qosOf(topic: Topic, direction: Direction): InstanceType<typeof rclnodejs.QoS> {
    const qos = this.#qos.get(`${direction} ${this.resolve(topic)}`) ?? topic.qos;
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the numbers are the enums'
    return new rclnodejs.QoS(...(toPolicies(qos) as Policies));
  }

  #atTopic<T>(topic: Topic, create: () => T): T {
    try {
      return create();
    } catch (error) {
      throw new Error(`topic ${topic.name}: ${errorText(error)}`, { cause: error });
    }
  }
}
