import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { EngineError } from './engineError.js';
import { PRECISION, type Device } from './engineKey.js';
import {
  bannerVersion,
  deviceOf,
  isFalsePass,
  lastErrors,
  phaseOf,
  remedyOf,
  type Phase,
} from './trtexecLog.js';

const USUAL = '/usr/src/tensorrt/bin';
/** Milliseconds for `trtexec --help`. */
const HELP_LIMIT = 30_000;
/** Characters of the log that are kept in memory; all of it goes into the file. */
const KEPT = 4 * 1024 * 1024;

export interface Trtexec {
  readonly path: string;
  /** As 10.3.0. */
  readonly version: string;
}

export interface BuildRequest {
  /** Where it runs and writes; `model` is there. */
  readonly folder: string;
  /** Names in that folder. */
  readonly model: string;
  readonly engine: string;
  readonly layers: string;
  readonly timingCache: string;
  readonly log: string;
  /** MiB of memory that kernels may use at most. */
  readonly workspace: number;
  /** Seconds. */
  readonly timeout: number;
}

export interface BuildControl {
  /** Called for each phase, and each second. */
  readonly progress?: (phase: Phase, seconds: number) => void;
  /** Ends trtexec. */
  readonly signal?: AbortSignal;
}

/** Where trtexec is, in PATH or where its package puts it; undefined if nowhere. */
export function whereTrtexec(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), USUAL];
  return folders.map((folder) => join(folder, 'trtexec')).find(isExecutable);
}

/**
 * Finds trtexec and asks it for its version.
 * @param given a path; otherwise it is searched in PATH and where its package puts it
 * @throws EngineError if there is none, or none of TensorRT 10
 */
export async function findTrtexec(given?: string): Promise<Trtexec> {
  const path = given === undefined ? whereTrtexec() : resolve(given);
  if (path === undefined)
    throw new EngineError(
      `trtexec: neither in PATH nor in ${USUAL}; install libnvinfer-bin (apt), or give --trtexec PATH`,
    );
  if (!isExecutable(path))
    throw new EngineError(`trtexec ${path}: is no program that can be run; give another --trtexec`);
  const { log } = await runChild(path, ['--help'], { timeout: HELP_LIMIT });
  const version = bannerVersion(log);
  if (version === undefined)
    throw new EngineError(
      `trtexec ${path}: does not tell a TensorRT version (${lastErrors(log) || 'no output'}); is it trtexec? ${remedyOf(log)}`,
    );
  const major = Number(version.split('.')[0]);
  if (major > 10)
    throw new EngineError(
      `trtexec ${path}: is of TensorRT ${version}, which has no --int8 any more and does not support JetPack; install TensorRT 10 and pin it in apt`,
    );
  if (major < 10)
    throw new EngineError(
      `trtexec ${path}: is of TensorRT ${version}, and 10 is needed; install JetPack 6 or 7`,
    );
  return { path, version };
}

/** What it is called with, beside what its user gives. */
export function trtexecArguments(request: BuildRequest): string[] {
  return [
    `--onnx=${request.model}`,
    `--saveEngine=${request.engine}`,
    // Deprecated from 10.12 on, but needed: without it, a Q/DQ file is not built.
    ...PRECISION,
    `--memPoolSize=workspace:${request.workspace}`,
    `--timingCacheFile=${request.timingCache}`,
    '--skipInference',
    '--profilingVerbosity=detailed',
    `--exportLayerInfo=${request.layers}`,
  ];
}

/**
 * Builds an engine. A killed builder leaves trtexec behind, which then ends with the next line that it writes.
 * @returns the GPU that it was built for
 * @throws EngineError with the cause, the log's path and the remedy
 */
export async function buildWithTrtexec(
  trtexec: Trtexec,
  request: BuildRequest,
  control: BuildControl = {},
): Promise<Device> {
  const logFile = join(request.folder, request.log);
  const { log, ended } = await runChild(trtexec.path, trtexecArguments(request), {
    ...control,
    folder: request.folder,
    logFile,
    timeout: request.timeout * 1000,
  });
  const fail = (cause: string, remedy: string): EngineError =>
    new EngineError(`trtexec ${trtexec.path}: ${cause}; ${remedy}`);
  if (ended === 'aborted') throw fail('was interrupted', 'build it again');
  if (ended === 'too slow')
    throw fail(
      `was not done after ${request.timeout} s`,
      'give a longer --timeout, or a power mode with more cores',
    );
  const said = lastErrors(log) || 'no output';
  if (typeof ended === 'string') throw fail(`was ended by ${ended}: ${said}`, memoryRemedy(ended, log));
  if (ended !== 0 || !/^&&&& PASSED/m.test(log)) throw fail(`failed: ${said}`, remedyOf(log));
  if (isFalsePass(log)) throw fail(`made an engine that it cannot load: ${said}`, remedyOf(log));
  const size = statSync(join(request.folder, request.engine), { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) throw fail('says that it passed, but wrote no engine', 'is the disk full?');
  const device = deviceOf(log);
  if (device === undefined)
    throw fail('does not tell SMs and Compute Capability in its log', 'report it, with the log');
  return device;
}

function memoryRemedy(signal: string, log: string): string {
  return signal === 'SIGKILL'
    ? 'the system may have run out of memory: end other programs, or give a smaller --workspace'
    : remedyOf(log);
}

interface ChildOptions extends BuildControl {
  readonly folder?: string;
  readonly logFile?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

interface ChildResult {
  /** The last part of its output. */
  readonly log: string;
  /** Its exit code, the signal that ended it, or why we did. */
  readonly ended: number | NodeJS.Signals | 'aborted' | 'too slow';
}

/** Runs a program without a shell until it ends. @throws EngineError if it cannot be started */
async function runChild(path: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  if (options.signal?.aborted) return { log: '', ended: 'aborted' };
  const child = spawn(path, args, { cwd: options.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const file =
    options.logFile === undefined ? undefined : createWriteStream(options.logFile, { mode: 0o600 });
  // A log that cannot be written ends nothing by itself: on a full disk the engine fails, too.
  file?.on('error', () => undefined);
  let log = '';
  let phase: Phase = 'starting';
  let rest = '';
  const started = process.hrtime.bigint();
  const tell = (): void => {
    options.progress?.(phase, Number(process.hrtime.bigint() - started) / 1e9);
  };
  const take = (chunk: string): void => {
    file?.write(chunk);
    // The head has the device; it is far shorter than half of what is kept.
    log =
      log.length + chunk.length > KEPT
        ? log.slice(0, KEPT / 2) + (log.slice(KEPT / 2) + chunk).slice(-KEPT / 2)
        : log + chunk;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!.slice(-1000);
    for (const line of lines) {
      const next = phaseOf(line);
      if (next === undefined || next === phase) continue;
      phase = next;
      tell();
    }
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);
  let why: 'aborted' | 'too slow' | undefined;
  const end = (reason: 'aborted' | 'too slow'): void => {
    why ??= reason;
    child.kill('SIGKILL');
  };
  const onAbort = (): void => {
    end('aborted');
  };
  options.signal?.addEventListener('abort', onAbort);
  const limit = setTimeout(end, Math.min(options.timeout, 2 ** 31 - 1), 'too slow');
  const tick = setInterval(tell, 1000);
  try {
    tell();
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { log, ended: why ?? code ?? signal ?? 1 };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new EngineError(
      `trtexec ${path}: cannot be started (${code ?? String(error)}); give another --trtexec`,
    );
  } finally {
    clearTimeout(limit);
    clearInterval(tick);
    options.signal?.removeEventListener('abort', onAbort);
    if (file !== undefined) await finished(file.end()).catch(() => undefined);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
