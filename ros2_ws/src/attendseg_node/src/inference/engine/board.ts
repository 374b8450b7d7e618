import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../fileAccess.js';
import { EngineError } from './engineError.js';

/** What an engine depends on, as far as this machine tells it without running anything. */
export interface BoardFacts {
  /** Of the library: 10.3.0.30, or 10.3.0 where no package says the last number. */
  readonly tensorrt: string | undefined;
  /** The device tree's names of the board, the most precise one first. */
  readonly board: readonly string[];
  /** The release of NVIDIA's Linux for Jetson: 36.4.3. */
  readonly l4t: string | undefined;
  /** As nvpmodel left it. An engine runs in each, but was timed in one. */
  readonly powerMode: string | undefined;
  /** A short hash of the board's serial number, to know a card that was moved to another board. */
  readonly serial: string | undefined;
}

/** The same, complete: without one of these, an engine cannot be told from another board's. */
export interface KnownBoard extends BoardFacts {
  readonly tensorrt: string;
  readonly l4t: string;
}

/** More than any of these files has. */
const LONGEST = 64 * 1024;
/** A list of all packages. */
const LONGEST_PACKAGE_LIST = 16 * 1024 * 1024;
const LIBRARY_FOLDERS = [
  'usr/lib/aarch64-linux-gnu',
  'usr/lib/aarch64-linux-gnu/nvidia',
  'usr/local/tensorrt/lib',
  'usr/local/lib',
  'usr/lib/x86_64-linux-gnu',
];
/** Docker hides the device tree; a copy may be mounted at the second place. */
const COMPATIBLE = ['proc/device-tree/compatible', 'run/attendseg/compatible'];
const POWER_MODE = 'var/lib/nvpmodel/status';

/** `/`, or the folder of a recorded machine, for tests: $ATTENDSEG_MACHINE. */
export function machineRoot(): string {
  return process.env['ATTENDSEG_MACHINE'] ?? '/';
}

/** Reads what there is. @param root `/`, or the folder of a recorded machine */
export function readBoard(root = machineRoot()): BoardFacts {
  const read = (path: string): string | undefined => readShort(join(root, path), LONGEST);
  const packages = readShort(join(root, 'var/lib/dpkg/status'), LONGEST_PACKAGE_LIST) ?? '';
  const compatible = COMPATIBLE.map(read).find((text) => text !== undefined) ?? '';
  const serial = nulSeparated(read('proc/device-tree/serial-number') ?? '')[0];
  return {
    tensorrt: tensorrtVersion(
      LIBRARY_FOLDERS.flatMap((folder) => filesIn(join(root, folder))),
      packageVersion(packages, 'libnvinfer10'),
    ),
    board: nulSeparated(compatible),
    l4t: l4tRelease(read('etc/nv_tegra_release'), packageVersion(packages, 'nvidia-l4t-core')),
    powerMode: read(POWER_MODE)?.trim().split(/\s+/)[0],
    serial: serial === undefined ? undefined : createHash('sha256').update(serial).digest('hex').slice(0, 12),
  };
}

/** @throws EngineError if something is missing that an engine's key needs */
export function known(facts: BoardFacts): KnownBoard {
  const { tensorrt, l4t } = facts;
  if (tensorrt === undefined)
    throw new EngineError(
      'TensorRT: no libnvinfer.so.10 found; install libnvinfer10 of JetPack 6 or 7 (apt), or use the container',
    );
  if (facts.board.length === 0)
    throw new EngineError(
      'board: /proc/device-tree/compatible cannot be read, so engines of other boards could be mistaken for its own; on a Jetson in a container, mount it: -v /proc/device-tree/compatible:/run/attendseg/compatible:ro',
    );
  if (l4t === undefined)
    throw new EngineError(
      'L4T: neither /etc/nv_tegra_release nor the package nvidia-l4t-core tells the release; in a container, mount the file: -v /etc/nv_tegra_release:/etc/nv_tegra_release:ro',
    );
  return { ...facts, tensorrt, l4t };
}

/**
 * The library's version, from the name of its file. The package's has a fourth number, which TensorRT compares, too; it
 * counts only if it is of this library, and not of one that is no longer there.
 */
export function tensorrtVersion(files: readonly string[], packaged: string | undefined): string | undefined {
  const libraries = files.flatMap((name) => /^libnvinfer\.so\.(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? []);
  const [first] = libraries.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const full = /^(?:\d+:)?(\d+\.\d+\.\d+(?:\.\d+)?)/.exec(packaged ?? '')?.[1];
  if (first === undefined) return undefined;
  return full === first || full?.startsWith(`${first}.`) === true ? full : first;
}

/** `# R36 (release), REVISION: 4.3, GCID: …`, else the version of the package, as 36.4.3-2025…. */
export function l4tRelease(release: string | undefined, packaged: string | undefined): string | undefined {
  const [, major, revision] = /R(\d+) \(release\), REVISION: ([\d.]+)/.exec(release ?? '') ?? [];
  if (major !== undefined && revision !== undefined) return `${major}.${revision}`;
  return /^(\d+\.\d+(?:\.\d+)?)/.exec(packaged ?? '')?.[1];
}

/** The version of an installed package in dpkg's list. */
export function packageVersion(status: string, name: string): string | undefined {
  const start = `\n${status}`.indexOf(`\nPackage: ${name}\n`);
  if (start < 0) return undefined;
  const [entry = ''] = status.slice(start).split('\n\n', 1);
  if (!/^Status: .* installed$/m.test(entry)) return undefined;
  return /^Version: (\S+)$/m.exec(entry)?.[1];
}

/** Texts of a device tree, each ended by a zero. */
export function nulSeparated(text: string): string[] {
  return text.split('\0').filter((part) => part !== '');
}

/** The start of a file; undefined if there is none. Neither waits, as pipes would make it, nor reads without end. */
function readShort(path: string, limit: number): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(limit);
    let length = 0;
    // Files of /proc come in pieces, and say that they are empty.
    for (let more = 1; more > 0 && length < limit; length += more)
      more = readSync(file, bytes, length, limit - length, null);
    return bytes.toString('utf8', 0, length);
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}
