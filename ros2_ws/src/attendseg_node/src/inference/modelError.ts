/** A model that cannot be used: the message names the file, the cause and the remedy in one line. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
