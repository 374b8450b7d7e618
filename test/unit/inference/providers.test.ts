import { expect, test } from '@jest/globals';
import { ModelError } from '#inference/modelError.js';
import {
  type Decision,
  decide,
  type EngineMode,
  ENGINE_MODES,
  PROVIDERS,
  type ProviderWish,
  type TensorrtFacts,
  whyNotTensorrt,
} from '#inference/providers.js';

const ENGINE = '/cache/engine.onnx';
/** A board on which everything works, without an engine yet. */
const BOARD: TensorrtFacts = {
  unusable: undefined,
  hasFile: true,
  engine: undefined,
  cannotBuild: undefined,
  cannotServe: undefined,
};
const PC = { ...BOARD, unusable: 'this onnxruntime-node was built without it' };
const BUILT = { ...BOARD, engine: ENGINE };

function decided(
  provider: ProviderWish,
  engine: EngineMode,
  facts: TensorrtFacts,
  serveWhileBuilding = true,
): Decision | string {
  try {
    return decide({ provider, engine, serveWhileBuilding }, facts);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return (error as Error).message;
  }
}

/** What runs: cpu, tensorrt, a `+` if an engine is built meanwhile, nothing but a build, or an error. */
function shown(decision: Decision | string): string {
  if (typeof decision === 'string') return 'error';
  return `${decision.provider ?? ''}${decision.build ? '+' : ''}`;
}

test.each<[string, TensorrtFacts, Record<ProviderWish, readonly [string, string, string]>]>([
  // In the order of ENGINE_MODES: build, require, off.
  [
    'a PC',
    PC,
    { auto: ['cpu', 'cpu', 'cpu'], cpu: ['cpu', 'cpu', 'cpu'], tensorrt: ['error', 'error', 'error'] },
  ],
  [
    'a board with an engine',
    BUILT,
    {
      auto: ['tensorrt', 'tensorrt', 'tensorrt'],
      cpu: ['cpu', 'cpu', 'cpu'],
      tensorrt: ['tensorrt', 'tensorrt', 'tensorrt'],
    },
  ],
  [
    'a board without one',
    BOARD,
    { auto: ['cpu+', 'error', 'cpu'], cpu: ['cpu', 'cpu', 'cpu'], tensorrt: ['cpu+', 'error', 'error'] },
  ],
  [
    'one that has no trtexec',
    { ...BOARD, cannotBuild: 'trtexec is not installed' },
    { auto: ['cpu', 'error', 'cpu'], cpu: ['cpu', 'cpu', 'cpu'], tensorrt: ['error', 'error', 'error'] },
  ],
  [
    'one that is short of memory',
    { ...BOARD, cannotServe: '1.2 GB are free' },
    { auto: ['+', 'error', 'cpu'], cpu: ['cpu', 'cpu', 'cpu'], tensorrt: ['+', 'error', 'error'] },
  ],
  [
    'a model for the CPU only',
    { ...BUILT, hasFile: false },
    { auto: ['cpu', 'cpu', 'cpu'], cpu: ['cpu', 'cpu', 'cpu'], tensorrt: ['error', 'error', 'error'] },
  ],
])('what runs on %s', (_, facts, table) => {
  for (const wish of PROVIDERS)
    expect([wish, ...ENGINE_MODES.map((mode) => shown(decided(wish, mode, facts)))]).toEqual([
      wish,
      ...table[wish],
    ]);
});

test('without serve_while_building nothing runs before the engine is built', () => {
  expect(shown(decided('auto', 'build', BOARD, false))).toBe('+');
  expect(shown(decided('auto', 'build', BUILT, false))).toBe('tensorrt');
  expect(shown(decided('auto', 'off', BOARD, false))).toBe('cpu');
});

test.each<[ProviderWish, EngineMode, TensorrtFacts, string]>([
  ['cpu', 'build', BOARD, 'asked for'],
  ['auto', 'build', PC, 'tensorrt: this onnxruntime-node was built without it'],
  ['auto', 'build', BOARD, 'until the engine is built'],
  ['auto', 'build', BUILT, 'with an engine of the cache'],
  [
    'auto',
    'off',
    BOARD,
    'tensorrt: there is no engine of this model for this board, and the parameter engine is off',
  ],
  ['auto', 'build', { ...BOARD, hasFile: false }, 'tensorrt: the model lists no file for it'],
  [
    'auto',
    'build',
    { ...BOARD, cannotBuild: 'no trtexec' },
    'tensorrt: there is no engine of this model for this board, and no trtexec',
  ],
])('%s with engine: %s says why', (wish, mode, facts, reason) => {
  expect(decided(wish, mode, facts)).toMatchObject({ reason });
});

test.each<[ProviderWish, EngineMode, TensorrtFacts, string]>([
  [
    'tensorrt',
    'build',
    PC,
    'provider tensorrt: this onnxruntime-node was built without it; set provider to cpu or auto',
  ],
  [
    'auto',
    'require',
    BOARD,
    'engine is required: there is no engine of this model for this board; run attendseg engine build, or set the parameter engine to build or off',
  ],
  [
    'tensorrt',
    'build',
    { ...BOARD, hasFile: false },
    'provider tensorrt: the model lists no file for it; add files.tensorrt to its manifest',
  ],
])('%s with engine: %s is refused with a remedy', (wish, mode, facts, message) => {
  expect(decided(wish, mode, facts)).toBe(message);
});

test('on this machine', () => {
  // Listed by the package of npm for x64, without its library.
  expect(whyNotTensorrt()).toMatch(/^this onnxruntime-node (?:was built without it|has no library of it)$/);
});
