import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { listSupportedBackends } from 'onnxruntime-node';
import { ModelError } from './modelError.js';

/** What can run a network. */
export type Provider = 'cpu' | 'tensorrt';

export const PROVIDERS = ['auto', 'cpu', 'tensorrt'] as const;
export type ProviderWish = (typeof PROVIDERS)[number];

/** What is done where TensorRT could run a model and has no engine of it: build one, refuse, or do without. */
export const ENGINE_MODES = ['build', 'require', 'off'] as const;
export type EngineMode = (typeof ENGINE_MODES)[number];

/** What a machine and a model have for TensorRT. */
export interface TensorrtFacts {
  /** Why onnxruntime cannot run TensorRT here; undefined if it can. */
  readonly unusable: string | undefined;
  /** Whether the model lists a file for it. */
  readonly hasFile: boolean;
  /** The engine of the model for this board: path of the ONNX file that wraps it. */
  readonly engine: string | undefined;
  /** Why no engine can be built here; undefined if one can. */
  readonly cannotBuild: string | undefined;
  /** Why the CPU cannot serve while one is built, beside what the parameters say; undefined if it can. */
  readonly cannotServe: string | undefined;
}

export interface Wishes {
  readonly provider: ProviderWish;
  readonly engine: EngineMode;
  /** Whether the CPU is to run the network while an engine is built. */
  readonly serveWhileBuilding: boolean;
}

/** What runs, and why nothing better does. */
export type Decision =
  | { readonly provider: 'tensorrt'; readonly engine: string; readonly build: false; readonly reason: string }
  | { readonly provider: 'cpu'; readonly build: boolean; readonly reason: string }
  /** Nothing, until the engine is built. */
  | { readonly provider: undefined; readonly build: true; readonly reason: string };

const REMEDY = 'run attendseg engine build';

/**
 * Decides what runs a model. A provider that was asked for by name is never replaced: it runs or this throws. The only
 * time that another one runs is while its engine is built, if the parameters allow that.
 * @throws ModelError if what is asked for cannot be had
 */
export function decide(wishes: Wishes, facts: TensorrtFacts): Decision {
  if (wishes.provider === 'cpu') return { provider: 'cpu', build: false, reason: 'asked for' };
  const without = (why: string, remedy = 'set provider to cpu or auto'): Decision => {
    if (wishes.provider === 'tensorrt') throw new ModelError(`provider tensorrt: ${why}; ${remedy}`);
    return { provider: 'cpu', build: false, reason: `tensorrt: ${why}` };
  };
  if (facts.unusable !== undefined) return without(facts.unusable);
  if (!facts.hasFile) return without('the model lists no file for it', 'add files.tensorrt to its manifest');
  if (facts.engine !== undefined)
    return {
      provider: 'tensorrt',
      engine: facts.engine,
      build: false,
      reason: 'with an engine of the cache',
    };
  const none = 'there is no engine of this model for this board';
  switch (wishes.engine) {
    case 'off':
      return without(`${none}, and the parameter engine is off`, REMEDY);
    case 'require':
      throw new ModelError(
        `engine is required: ${none}; ${REMEDY}, or set the parameter engine to build or off`,
      );
    case 'build': {
      if (facts.cannotBuild !== undefined) return without(`${none}, and ${facts.cannotBuild}`, REMEDY);
      if (!wishes.serveWhileBuilding)
        return { provider: undefined, build: true, reason: 'building engine; serve_while_building is off' };
      if (facts.cannotServe !== undefined)
        return { provider: undefined, build: true, reason: `building engine; ${facts.cannotServe}` };
      return { provider: 'cpu', build: true, reason: 'until the engine is built' };
    }
  }
}

/**
 * Why onnxruntime-node cannot run TensorRT here. It lists what its binding was compiled for, bundled or not, and the npm
 * package for x64 lists TensorRT without having its library; and it drops a provider that it does not know with no more
 * than a warning. So both are looked for.
 */
export function whyNotTensorrt(): string | undefined {
  if (!listSupportedBackends().some(({ name }) => name === 'tensorrt'))
    return 'this onnxruntime-node was built without it';
  const { platform, arch } = process;
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(main), '..', 'bin', 'napi-v6', platform, arch);
  return existsSync(join(folder, 'libonnxruntime_providers_tensorrt.so'))
    ? undefined
    : 'this onnxruntime-node has no library of it';
}

/** Threads for the session: as asked, or all cores but one, which ROS and the pixel work need. */
export function sessionThreads(asked: number): number {
  return asked > 0 ? asked : Math.max(1, availableParallelism() - 1);
}
