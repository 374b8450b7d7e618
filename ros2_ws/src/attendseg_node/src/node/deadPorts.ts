import { closeSync } from 'node:fs';
import { FOLDER, takeFreeLocks, type TakenLock } from './sharedMemory.js';

/** Locked by the process that reads from the port whose number it bears, in Fast DDS 2 and 3. */
const LOCK = /^fast(?:rtps|dds)_port\d+_el$/;
/**
 * Ports that are kept from being used again, for a start that is killed leaves two, and senders forget it within 20 s.
 * Fast DDS tries a hundred numbers, of which other programs need some too.
 */
const MOST = 16;

/**
 * Lets Fast DDS create a participant whose ports in shared memory have other numbers than those of killed processes. It
 * would take over their numbers, while senders that had such a port open may write to the dead one, or put a new file in
 * the place of the living one's: nothing is received then, and nothing is an error anywhere.
 * (https://github.com/eProsima/Fast-DDS/issues/5469)
 */
export function avoidingDeadPorts<T>(create: () => T, folder = FOLDER): T {
  // To Fast DDS a locked port is in use.
  const locks = takeFreeLocks(LOCK, folder).sort((a, b) => a.age - b.age);
  const close = ({ file }: TakenLock): void => {
    closeSync(file);
  };
  locks.splice(MOST).forEach(close);
  try {
    return create();
  } finally {
    locks.forEach(close);
  }
}
