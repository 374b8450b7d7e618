import { z } from 'zod';
import { nearestName } from './nearestName.js';

/** The part used here of a JSON schema. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** What a schema has against a value, in one line; keys that it does not know with those that may be meant. */
export function describeProblems(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map((issue) => {
      const place = issue.path.join('.') || 'the file';
      if (issue.code === 'unrecognized_keys') {
        const places = placesOf(z.toJSONSchema(schema, { io: 'input' }) as Shape, issue.path);
        return issue.keys.map((key) => `${place}: ${unknownKey(key, places)}`).join('; ');
      }
      const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
      return `${place}: ${missing ? `is missing (${issue.expected})` : issue.message}`;
    })
    .join('; ');
}

/** The variants of what may stand at a place. */
function placesOf(shape: Shape, path: readonly PropertyKey[]): Shape[] {
  const variants = (shape.oneOf ?? shape.anyOf)?.flatMap((variant) => placesOf(variant, path));
  if (variants !== undefined) return variants;
  const [step, ...rest] = path;
  if (step === undefined) return [shape];
  const next = typeof step === 'number' ? shape.items : shape.properties?.[String(step)];
  return next === undefined ? [] : placesOf(next, rest);
}

function unknownKey(key: string, variants: readonly Shape[]): string {
  const known = [...new Set(variants.flatMap(({ properties = {} }) => Object.keys(properties)))];
  if (known.includes(key)) return `${key} is only for ${ownersOf(key, variants)}`;
  const near = nearestName(key, known);
  if (near !== undefined) return `unknown key ${key}; did you mean ${near}?`;
  return `unknown key ${key}; known are ${known.join(', ')}`;
}

/** Of variants that differ in one key's value (layout, kind), the values whose variants have `key`. */
function ownersOf(key: string, variants: readonly Shape[]): string {
  const owners = variants.filter(({ properties = {} }) => key in properties);
  const tags = owners.flatMap(({ properties = {} }) => Object.entries(properties).slice(0, 1));
  const name = tags[0]?.[0] ?? '';
  return `${name} ${tags.flatMap(([, { enum: several, const: one }]) => several ?? [one]).join(', ')}`;
}
