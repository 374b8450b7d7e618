/** A topic of a bag. */
export interface BagTopic {
  readonly name: string;
  /** Such as `sensor_msgs/msg/Image`. */
  readonly type: string;
  /** How many messages of it there are, where the bag says so. */
  readonly messages: number | undefined;
  /** `offered_qos_profiles` as the bag has them, YAML text; empty if it has none. */
  readonly offeredQos: string;
}

/** A serialised message of a bag. */
export interface BagMessage {
  readonly topic: BagTopic;
  /** When it was recorded, nanoseconds since 1970. */
  readonly time: bigint;
  /** CDR with its encapsulation; the reader's own memory, to be used before the next message is asked for. */
  readonly data: Uint8Array;
  /** Where it stands, for people: file, and offset or row. */
  readonly where: string;
}

/** Which messages are read. */
export interface BagSelection {
  /** Names; all topics if left out. */
  readonly topics?: readonly string[];
  /** Recorded at this time or later, nanoseconds since 1970. */
  readonly from?: bigint;
  /** Recorded before this time. */
  readonly until?: bigint;
}

/** A recording, whatever its format, read as a stream in the order of recording with bounded memory. */
export interface Bag {
  readonly path: string;
  readonly topics: readonly BagTopic[];
  /** Time of the first and the last message, where the bag says so. */
  readonly span: { readonly start: bigint; readonly end: bigint } | undefined;
  /**
   * What could not be read so far, one line each with file and offset. Reading goes on behind it where that is possible,
   * so it is complete when the messages have come to their end.
   */
  readonly problems: readonly string[];
  messages(selection?: BagSelection): AsyncGenerator<BagMessage, void, void>;
  close(): Promise<void>;
}

/** A bag that cannot be read at all; the message names file, cause and remedy. */
export class BagError extends Error {
  override readonly name = 'BagError';
}
