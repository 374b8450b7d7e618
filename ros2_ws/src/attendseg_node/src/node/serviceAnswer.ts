import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../errorText.js';

/** Milliseconds between two tries: each that fails has waited 100 ms by itself, on the thread that all frames share. */
const PAUSE = 200;
/** Clients that were not discovered until then have missed more than one answer. */
const TRIES = 20;
/** Of rmw_fastrtps's `rmw_send_response`, where the return code says timeout; rclnodejs passes on only the text. */
const NOT_DISCOVERED = 'client will not receive response';

/**
 * Sends a service's answer. A client asks as soon as it has discovered the service; where its own reader is not
 * discovered yet, the middleware gives the answer up after 100 ms, and the client would wait forever. So it is sent again.
 * @param isOver - is ROS at its end, so that nothing may be sent any more?
 * @throws Error, if it was not sent
 */
export async function sendPatiently(
  send: () => void,
  isOver: () => boolean,
  wait: (ms: number) => Promise<unknown> = pause,
): Promise<void> {
  for (let tries = 1; !isOver(); tries++) {
    try {
      send();
      return;
    } catch (error) {
      if (!errorText(error).includes(NOT_DISCOVERED)) throw error;
      if (tries === TRIES)
        throw new Error(`the client was not discovered in ${tries} tries; is its network one-way?`, {
          cause: error,
        });
    }
    await wait(PAUSE);
  }
}
