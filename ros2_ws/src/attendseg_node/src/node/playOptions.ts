/** How a bag is played. */
export interface PlayOptions {
  readonly bag: string;
  /** Names; all that can be played if left out. */
  readonly topics?: readonly string[];
  /** Of so many times the speed of the recording. */
  readonly rate: number;
  /** Each picture when the one before it has its mask, or was dropped with a reason. */
  readonly lossless?: true;
  readonly loop?: true;
  /** Seconds after the bag's first message. */
  readonly start?: number;
  readonly end?: number;
  /** Publish /clock. */
  readonly clock?: true;
  /** Wait for a subscriber of each topic of pictures that was asked for; of any, where all are played. */
  readonly wait?: true;
  /** File for what the node answers. */
  readonly record?: string;
  /** Names of what is listened to. */
  readonly outputs: readonly string[];
  /** Namespace of the node's outputs, where the graph does not tell. */
  readonly nodeNamespace?: string;
  /** Seconds that a node, and in lossless mode an answer, is waited for. */
  readonly patience: number;
}
