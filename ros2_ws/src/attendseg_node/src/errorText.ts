/** What a thrown thing says, in one line: what was expected and what came often stand on different ones. */
export function errorText(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
    .replaceAll(/\s+/g, ' ')
    .trim();
}
