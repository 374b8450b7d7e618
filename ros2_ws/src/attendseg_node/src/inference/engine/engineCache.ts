import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UNFINISHED } from '../../newFile.js';
import { sha256 } from '../modelFile.js';
import type { BoardFacts, KnownBoard } from './board.js';
import { checkPrivateFolder, codeOf, readOwn } from './cacheFolder.js';
import { EngineError } from './engineError.js';
import { engineKey, groundKey, PRECISION, type EngineGround } from './engineKey.js';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.object({ sha256: hash, bytes: z.int().positive() });
const entrySchema = z.object({
  key: hash,
  /** The model's name in its manifest, and its file's. */
  name: z.string(),
  source: z.string(),
  ground: z.object({
    model: hash,
    tensorrt: z.string(),
    board: z.array(z.string()).min(1),
    l4t: z.string(),
    flags: z.array(z.string()),
  }),
  device: z.object({ name: z.string(), sms: z.int().positive(), computeCapability: z.string() }),
  trtexec: z.string(),
  workspace: z.int(),
  built: z.string(),
  seconds: z.number(),
  powerMode: z.string().optional(),
  serial: z.string().optional(),
  engine: file,
  wrapper: file,
});

/** What NAME.json says of an engine. */
export type EngineFacts = z.infer<typeof entrySchema>;

export interface EngineEntry {
  readonly id: string;
  readonly facts: EngineFacts;
  readonly paths: EnginePaths;
}

/** The files of an entry, in a folder of its name. */
export interface EnginePaths {
  readonly folder: string;
  readonly engine: string;
  /** What onnxruntime opens, by this path. */
  readonly wrapper: string;
  readonly facts: string;
  readonly log: string;
  readonly layers: string;
}

/** A folder of the cache that is no entry, and why. */
export interface Damaged {
  readonly id: string;
  readonly problem: string;
}

export function pathsOf(folder: string, id: string): EnginePaths {
  const path = (ending: string): string => join(folder, `${id}.${ending}`);
  return {
    folder,
    engine: path('engine'),
    wrapper: path('onnx'),
    facts: path('json'),
    log: path('log'),
    layers: path('layers.json'),
  };
}

/** All entries. None if there is no cache yet. @throws EngineError if others could have written it */
export function listEngines(cache: string): { entries: EngineEntry[]; damaged: Damaged[] } {
  const entries: EngineEntry[] = [];
  const damaged: Damaged[] = [];
  if (!existsSync(cache)) return { entries, damaged };
  checkPrivateFolder(cache);
  for (const { name: id } of readdirSync(cache, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))) {
    try {
      entries.push(readEntry(cache, id));
    } catch (error) {
      damaged.push({ id, problem: error instanceof EngineError ? error.message : codeOf(error) });
    }
  }
  return { entries, damaged };
}

/**
 * The entry that a machine uses for a model, if there is one.
 * @throws EngineError if it cannot be told which one is this board's
 */
export function findEngine(
  cache: string,
  ground: EngineGround,
  serial: string | undefined,
): EngineEntry | undefined {
  const key = groundKey(ground);
  const entries = listEngines(cache).entries.filter(({ facts }) => groundKey(facts.ground) === key);
  if (entries.length <= 1) return entries[0];
  const own = entries.filter(({ facts }) => serial !== undefined && facts.serial === serial);
  if (own.length === 1) return own[0];
  throw new EngineError(
    `engine cache ${cache}: ${entries.map(({ id }) => id).join(' and ')} are of boards that call themselves the same; attendseg engine build --force leaves this board's`,
  );
}

/**
 * Checks an entry's files and gives their paths. onnxruntime opens the engine by its name, and not what is checked here;
 * nothing can come between, because only this user can write in the folders (0700, checked up to the root), and of
 * that user no other program is trusted less than this one.
 * @throws EngineError naming the file and the remedy
 */
export function openEngine(cache: string, { id, facts }: EngineEntry): EnginePaths {
  checkPrivateFolder(cache);
  const paths = pathsOf(join(cache, id), id);
  checkPrivateFolder(paths.folder);
  for (const [path, expected] of [
    [paths.engine, facts.engine],
    [paths.wrapper, facts.wrapper],
  ] as const) {
    const bytes = read(path);
    if (bytes.length !== expected.bytes || sha256(bytes) !== expected.sha256)
      throw new EngineError(
        `engine ${path}: is not what was built (${bytes.length} bytes of ${expected.bytes}, or another sha256); attendseg engine build --force`,
      );
  }
  return paths;
}

/** Why an engine cannot be used on this machine, if it cannot. */
export function whyUnusable({ facts }: EngineEntry, here: KnownBoard): string | undefined {
  const { ground } = facts;
  if (ground.tensorrt !== here.tensorrt) return `for TensorRT ${ground.tensorrt}, here is ${here.tensorrt}`;
  if (ground.board.join('\0') !== here.board.join('\0'))
    return `for ${ground.board[0]!}, here is ${here.board[0]!}`;
  if (ground.l4t !== here.l4t) return `for L4T ${ground.l4t}, here is ${here.l4t}`;
  if (ground.flags.join() !== PRECISION.join()) return `built with ${ground.flags.join(' ')}`;
  return undefined;
}

/** What is doubtful about an engine that can be used. */
export function doubts({ facts }: EngineEntry, here: BoardFacts): string[] {
  const found: string[] = [];
  if (facts.powerMode !== here.powerMode && facts.powerMode !== undefined && here.powerMode !== undefined)
    found.push(
      `its kernels were timed in power mode ${facts.powerMode}, and this is ${here.powerMode}: others may be faster; attendseg engine build --force times them again`,
    );
  if (facts.serial !== here.serial && facts.serial !== undefined && here.serial !== undefined)
    found.push(
      `it was built on another board of the same name, with ${facts.device.sms} SMs; if this one's module differs, attendseg engine build --force`,
    );
  return found;
}

/** Puts a finished folder in its place, and the one that was there away. */
export function keepEntry(unfinished: string, cache: string, id: string): void {
  const place = join(cache, id);
  if (existsSync(place)) {
    const old = join(cache, `.${id}.old.${process.pid}.part`);
    renameSync(place, old);
    renameSync(unfinished, place);
    rmSync(old, { recursive: true, force: true });
  } else renameSync(unfinished, place);
}

export function removeEntry(cache: string, id: string): void {
  // By another name first: half an entry would be a damaged one.
  const away = join(cache, `.${id}.old.${process.pid}.part`);
  renameSync(join(cache, id), away);
  rmSync(away, { recursive: true, force: true });
}

/** Removes what killed builders left; only who holds the lock may. */
export function removeUnfinished(cache: string): void {
  for (const name of readdirSync(cache))
    if (UNFINISHED.test(name)) rmSync(join(cache, name), { recursive: true, force: true });
}

function readEntry(cache: string, id: string): EngineEntry {
  const paths = pathsOf(join(cache, id), id);
  let value: unknown;
  try {
    value = JSON.parse(read(paths.facts).toString('utf8'));
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(`${paths.facts}: is no JSON; attendseg engine clean --unusable`);
  }
  const parsed = entrySchema.safeParse(value);
  const facts = parsed.data;
  if (facts === undefined || facts.key !== engineKey(facts.ground, facts.device))
    throw new EngineError(`${paths.facts}: does not describe an engine; attendseg engine clean --unusable`);
  return { id, facts, paths };
}

function read(path: string): Buffer {
  try {
    return readOwn(path);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      `engine ${path}: cannot be read (${codeOf(error)}); attendseg engine build --force`,
    );
  }
}
