/** A thrown thing as an error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(errorText(thrown));
}

/** What a thrown thing says, in one line: what was expected and what came often stand on different ones. */
export function errorText(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
    .replaceAll(/\s+/g, ' ')
    .trim();
}
