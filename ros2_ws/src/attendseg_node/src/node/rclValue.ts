/** A value as rcl types it: integers are bigint, doubles number. */
export type RclValue = boolean | bigint | number | string | readonly (boolean | bigint | number | string)[];

export type RclKind =
  | 'boolean'
  | 'integer'
  | 'double'
  | 'string'
  | `${'boolean' | 'integer' | 'double' | 'string'} list`
  | 'empty list';

const TRUE = /^(?:[yY]|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(?:[nN]|no|No|NO|off|Off|OFF|false|False|FALSE)$/;
const INTEGER = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?[0-9]+))?$/i;
const INFINITE = /^[+-]?(?:inf|infinity)$/i;
const DOTTED_INFINITE = /^[+-]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^(?:[+-]?[nN][aA][nN]|\.nan|\.NaN|\.NAN)$/;
const SMALLEST_NORMAL = 2 ** -1022;

/** Types a scalar that is not quoted as rcl does: with C's strtol and strtod, which knows octal numbers and no null. */
export function plainValue(text: string): boolean | bigint | number | string {
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  return integer(text) ?? double(text) ?? text;
}

function integer(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const digits = text.replace(/^[+-]/, '').replace(/^0(?=[0-7])/, '0o');
  const value = text.startsWith('-') ? -BigInt(digits) : BigInt(digits);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function double(text: string): number | undefined {
  if (INFINITE.test(text) || DOTTED_INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (NOT_A_NUMBER.test(text)) return NaN;
  const value = DECIMAL.test(text) ? Number(text) : hexadecimal(text);
  // Out of a double's range: rcl leaves it a string.
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const isZero = !/[1-9]/.test(text.replace(/[eE].*$/, ''));
  return Math.abs(value) < SMALLEST_NORMAL && !isZero ? undefined : value;
}

function hexadecimal(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = HEXADECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

export function kindOf(value: RclValue): RclKind {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return 'integer';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return value[0] === undefined ? 'empty list' : `${kindOf(value[0]) as 'string'} list`;
  }
}

/** A value as a user would write it; doubles keep their point. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21) return value.toFixed(1);
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return `[${Array.from(value as ArrayLike<unknown>, show).join(', ')}]`;
  return String(value);
}

/** Such as "an integer". */
export function withArticle(kind: string): string {
  return `${/^[aei]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
