import type { Device } from './engineKey.js';

/** What trtexec is doing, as far as its log tells. */
export type Phase = 'starting' | 'reading the model' | 'timing kernels' | 'saving' | 'done';

/** Lines that begin a phase; the wording of TensorRT 10. */
const PHASES: readonly [RegExp, Phase][] = [
  [/Start parsing network model/, 'reading the model'],
  [/Finished parsing network model|timing cache in use|Compiler backend is used/i, 'timing kernels'],
  [/Engine generation completed|Engine built in|Created engine with size/, 'saving'],
  [/^&&&& PASSED/, 'done'],
];

/** The phase that a line of the log begins, if it does. */
export function phaseOf(line: string): Phase | undefined {
  return PHASES.find(([pattern]) => pattern.test(line))?.[1];
}

/**
 * TensorRT's version in trtexec's first line: `[TensorRT v100300]` is 10.3.0. Before 10 it had a digit less: v8601.
 */
export function bannerVersion(log: string): string | undefined {
  const digits = /&&&& \w+ TensorRT\.trtexec \[TensorRT v(\d+)\]/.exec(log)?.[1];
  if (digits === undefined) return undefined;
  const code = Number(digits);
  const [major, minor] =
    code < 100_000 ? [code / 1000, (code / 100) % 10] : [code / 10_000, (code / 100) % 100];
  return [major, minor, code % 100].map(Math.floor).join('.');
}

/** The GPU as trtexec's section "Device Information" tells it. */
export function deviceOf(log: string): Device | undefined {
  const value = (name: string): string | undefined =>
    new RegExp(`\\[I\\] ${name}: (.+?)\\s*$`, 'm').exec(log)?.[1];
  const sms = Number(value('SMs'));
  const computeCapability = /^\d+\.\d+$/.exec(value('Compute Capability') ?? '')?.[0];
  if (!Number.isInteger(sms) || sms <= 0 || computeCapability === undefined) return undefined;
  return { name: value('Selected Device') ?? '', sms, computeCapability };
}

/** A log that ends with PASSED although what was saved cannot be loaded: trtexec's exit code does not tell this. */
export function isFalsePass(log: string): boolean {
  return /\[E\].*deserializ/i.test(log);
}

/** The last lines of the log that say why it failed: errors if it has any, else whatever stands last. */
export function lastErrors(log: string): string {
  const lines = log
    .split(/[\r\n]+/)
    .map((line) => printable(line.replace(/^\[[\d/:-]+\] /, '')))
    .filter((line) => line !== '' && !line.startsWith('&&&&'));
  const errors = lines.filter((line) => /\[E\]|^error|error while loading|cuda failure/i.test(line));
  // The first error is the cause; the last ones often say no more than that there was one.
  const told =
    errors.length > 0 ? [...new Set([...errors.slice(0, 2), ...errors.slice(-1)])] : lines.slice(-2);
  return told.map((line) => line.replace(/^\[[EI]\] /, '').slice(0, 300)).join(' | ');
}

const REMEDIES: readonly [RegExp, string][] = [
  [
    /Unknown option/i,
    'this trtexec does not know an option of TensorRT 10; install TensorRT 10, which JetPack 6 and 7 have',
  ],
  [
    /out of memory|OutOfMemory|Cuda failure: 2\b/i,
    'end other programs that use memory, which the GPU shares, or give a smaller --workspace',
  ],
  [
    /libnvdla|no CUDA-capable device|Cannot find any available devices|CUDA driver version|libcuda/i,
    'the GPU is not there: in a container, use runtime: nvidia and the groups of /dev/nvmap and /dev/nvgpu',
  ],
  [/builder_resource/i, 'install libnvinfer10 with its builder resource, or use the engine-builder image'],
  [/No space left/i, 'free some disk space'],
];

/** What to do about a failure that is known. */
export function remedyOf(log: string): string {
  return (
    REMEDIES.find(([pattern]) => pattern.test(log))?.[1] ??
    'see the log; attendseg evaluate --file tensorrt tells whether the model itself runs'
  );
}

/** Without what would move a terminal's cursor. */
function printable(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
