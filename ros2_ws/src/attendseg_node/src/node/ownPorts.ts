import { statSync } from 'node:fs';
import { mappedFiles, openFiles } from './sharedMemory.js';

/** Locked by the process that reads from the port whose name it bears, in Fast DDS 2 and 3. */
const LOCK = /^(\/dev\/shm\/fast(?:rtps|dds)_port\d+)_el$/;

/**
 * The ports in shared memory by which other processes of this machine reach this one. When a process was killed and
 * another one starts, senders that still had the dead one's port may put a new file in the place of the living one's;
 * and in the place of one whose process stood still for a while. Fast DDS then writes where nobody reads, for ever, and
 * nothing is an error anywhere.
 * (https://github.com/eProsima/Fast-DDS/issues/5469)
 */
export class OwnPorts {
  /** Of the files as this process has them mapped, by path. */
  readonly #inodes: ReadonlyMap<string, number>;
  #missed = new Set<string>();

  private constructor(inodes: ReadonlyMap<string, number>) {
    this.#inodes = inodes;
  }

  /** Those of this process as it is now: none without Linux, Fast DDS or shared memory. */
  static find(process = '/proc/self'): OwnPorts {
    const own = new Set(openFiles(process).map(({ path }) => LOCK.exec(path)?.[1]));
    const mapped = mappedFiles(process).filter(({ path }) => own.has(path));
    return new OwnPorts(new Map(mapped.map(({ inode, path }) => [path, inode])));
  }

  get paths(): readonly string[] {
    return [...this.#inodes.keys()];
  }

  /** @returns the path of a port whose file was gone or another's at this call and the one before */
  lost(): string | undefined {
    const missing = this.paths.filter((path) => inodeOf(path) !== this.#inodes.get(path));
    const lost = missing.find((path) => this.#missed.has(path));
    this.#missed = new Set(missing);
    return lost;
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
