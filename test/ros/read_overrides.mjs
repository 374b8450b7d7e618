// Reads parameter overrides of many command lines: JSON of [{ argv, name, namespace }] in, JSON of values or errors out.
import { readFileSync } from 'node:fs';
import { readOverrides } from '../../dist/node/parameterOverrides.js';

/** JSON has no word for infinity, and one kind of number only. */
function tagged(value) {
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value === 'bigint') return ['integer', String(value)];
  if (typeof value === 'number') return ['double', Object.is(value, -0) ? '-0' : String(value)];
  return [typeof value, value];
}

const answers = JSON.parse(readFileSync(0, 'utf8')).map(({ argv, name, namespace }) => {
  try {
    const { values, warnings } = readOverrides(argv, name, namespace);
    return {
      values: Object.fromEntries([...values].map(([key, { value }]) => [key, tagged(value)])),
      warnings,
    };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
