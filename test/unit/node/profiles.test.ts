import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { classTable } from '#inference/classTable.js';
import { loadModel, withoutBuilding } from '#inference/model.js';
import { shippedModel } from '#inference/shippedModel.js';
import { type ParameterName, PARAMETERS, type ParameterValue } from '#node/parameterTable.js';

const FOLDER = new URL('../../../config/profiles/', import.meta.url);
/** Of every ROS node, so not in the table. */
const USE_SIM_TIME = 'use_sim_time';

function isKnown(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

function jsType(name: ParameterName): string {
  return {
    boolean: 'boolean',
    string: 'string',
    integer: 'number',
    double: 'number',
    'string list': 'object',
  }[PARAMETERS[name].type];
}

test('there is a profile for each consumer', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(['bag.yaml', 'nav2.yaml', 'nvblox.yaml', 'rviz.yaml']);
});

describe.each(readdirSync(FOLDER))('profile %s', (file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  const content = parse(text) as Record<string, { ros__parameters: Record<string, ParameterValue> }>;
  const { [USE_SIM_TIME]: clock, ...values } = content['/**']!.ros__parameters;

  test('is for any node, and says why', () => {
    expect(Object.keys(content)).toEqual(['/**']);
    const lines = text.split('\n');
    // A key without a comment of its own belongs to the one before it.
    expect(lines.filter((line) => /^ {4}#/.test(line)).length).toBeGreaterThan(1);
    expect(lines[0]).toMatch(/^# For /);
  });

  test('every key is known, and every value is allowed', () => {
    expect(['undefined', 'boolean']).toContain(typeof clock);
    for (const [name, value] of Object.entries(values)) {
      if (!isKnown(name)) throw new Error(`${file}: there is no parameter ${name}`);
      expect([name, typeof value]).toEqual([name, jsType(name)]);
      expect(() => PARAMETERS[name].parse(value)).not.toThrow();
    }
  });

  // ROS 2 lets an integer win over a double of a later file, so it could not be overridden.
  test('doubles are written as doubles', () => {
    for (const name of Object.keys(values).filter(isKnown)) {
      if (PARAMETERS[name].type !== 'double') continue;
      expect(text).toMatch(new RegExp(`^    ${name}: \\d+\\.\\d+$`, 'm'));
    }
  });

  test('it names classes that the shipped model has', () => {
    const { manifest } = loadModel(shippedModel(), withoutBuilding('auto'));
    const value = (name: 'ignore' | 'remap' | 'groups'): never =>
      PARAMETERS[name].parse(values[name] ?? []) as never;
    const rules = { ignore: value('ignore'), remap: value('remap'), groups: value('groups') };
    const { groups } = classTable(manifest, rules);
    expect([...groups.keys()]).toEqual(file === 'nvblox.yaml' ? ['people', 'dynamic'] : []);
  });
});
