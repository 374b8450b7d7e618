import koffi from 'koffi';
import { freeOwnMemory } from './deadMemory.js';

/**
 * Ends the process with `code` if something keeps it alive for longer than `milliseconds`. A run of the network cannot
 * be broken off: process.exit() waits for its thread and then aborts, and terminate() does too. So this is _exit(2),
 * which asks nobody; Fast DDS would leave its shared memory.
 */
export function exitWithin(milliseconds: number, code: number): void {
  setTimeout(() => {
    freeOwnMemory();
    const exit = koffi.load(null).func('void _exit(int)') as (code: number) => void;
    exit(code);
  }, milliseconds).unref();
}
