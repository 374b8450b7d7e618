/** An engine that cannot be built or used: the message names the thing, the cause and the remedy in one line. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}
