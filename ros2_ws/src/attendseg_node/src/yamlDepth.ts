import { type CST, Parser } from 'yaml';

/** Lists and maps inside each other; more than any file of ours has. */
const DEEPEST = 64;

/**
 * Proves that a YAML text does not nest without end. To be called before it is composed: that is recursive, and V8 aborts
 * the process where its stack ends inside a regular expression.
 * @throws Error that says so
 */
export function checkYamlDepth(text: string): void {
  const left: [CST.Token | null | undefined, number][] = [];
  for (const token of new Parser().parse(text)) left.push([token, 0]);
  for (let next; (next = left.pop()) !== undefined;) {
    const [token, depth] = next;
    if (!token) continue;
    if (depth >= DEEPEST && 'items' in token)
      throw new Error(`has more than ${DEEPEST} lists and maps inside each other`);
    if (token.type === 'document') left.push([token.value, depth]);
    else if ('items' in token)
      for (const { key, value } of token.items) left.push([key, depth + 1], [value, depth + 1]);
  }
}
