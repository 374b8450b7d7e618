import type { Stamp } from '../recording/cdr.js';
import type { DiagnosticStatus } from '../recording/infoMessages.js';

const WARN = 1;

/** Says of a picture on `topic` why it gave no mask. */
export function droppedStatus(
  topic: string,
  { stamp, frameId }: { readonly stamp: Stamp; readonly frameId: string },
  reason: string,
): DiagnosticStatus {
  return {
    level: WARN,
    name: topic,
    message: reason,
    hardware_id: frameId,
    values: [{ key: 'stamp', value: stampText(stamp) }],
  };
}

/** A stamp for people and as a key: seconds, and nine digits of nanoseconds. */
export function stampText({ sec, nanosec }: Stamp): string {
  return `${sec}.${String(nanosec).padStart(9, '0')}`;
}
