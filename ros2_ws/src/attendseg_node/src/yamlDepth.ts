import { CST, Lexer, Parser } from 'yaml';

/** Lists and maps inside each other; more than any file of ours has. */
const DEEPEST = 64;
/** Column from which on no line of a list or map begins. */
const RIGHTMOST = 256;
/** The lexer announces a scalar by this; its text comes next. */
const SCALAR = '\u001f';

/**
 * Proves that a YAML text does not nest without end. To be called before it is composed: that is recursive, and V8 aborts
 * the process where its stack ends inside a regular expression.
 * @throws Error that says so
 */
export function checkYamlDepth(text: string): void {
  checkTokens(text);
  const left: [CST.Token | null | undefined, number][] = [];
  for (const token of new Parser().parse(text)) left.push([token, 0]);
  for (let next; (next = left.pop()) !== undefined;) {
    const [token, depth] = next;
    if (!token) continue;
    if (depth >= DEEPEST && 'items' in token) throw tooDeep();
    if (token.type === 'document') left.push([token.value, depth]);
    else if ('items' in token)
      for (const { key, value } of token.items) left.push([key, depth + 1], [value, depth + 1]);
  }
}

/** The same in coarse: the parser, too, is recursive where it closes what nests, but the lexer is not. */
function checkTokens(text: string): void {
  let brackets = 0;
  let indicators = 0;
  let column = 0;
  let isLineStart = true;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    const type = isScalar ? 'scalar' : CST.tokenType(token);
    isScalar = token === SCALAR && !isScalar;
    if (type === 'newline') {
      indicators = column = 0;
      isLineStart = true;
      continue;
    }
    if (type === 'space') {
      if (isLineStart) column = token.length;
      continue;
    }
    if (isLineStart && brackets === 0 && column > RIGHTMOST && type !== 'comment') throw tooDeep();
    isLineStart = false;
    if (type === 'flow-seq-start' || type === 'flow-map-start') brackets++;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') brackets = Math.max(0, brackets - 1);
    else if (type === 'flow-error-end') brackets = 0;
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind') {
      if (brackets === 0) indicators++;
    }
    if (brackets > DEEPEST || indicators > DEEPEST) throw tooDeep();
  }
}

function tooDeep(): Error {
  return new Error(
    `has more than ${DEEPEST} lists and maps inside each other, or one that begins right of column ${RIGHTMOST}`,
  );
}
