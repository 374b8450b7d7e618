import type { Pace } from './rates.js';

/**
 * starting: no frame yet, and not for long; slow: many frames are overtaken by newer ones; stale: no frame for a while;
 * failing: frames come and cannot be used.
 */
export type HealthState = 'starting' | 'standby' | 'segmenting' | 'slow' | 'stale' | 'failing';

export interface Health {
  readonly state: HealthState;
  readonly level: 'ok' | 'warn' | 'error';
  /** One line for people. */
  readonly message: string;
}

/** What a camera's health is made of. Times in milliseconds of one clock. */
export interface HealthSigns {
  readonly now: number;
  readonly startedAt: number;
  readonly lastArrival: number | undefined;
  readonly staleAfter: number;
  /** Topic of the camera. */
  readonly source: string;
  /** Why nothing comes, if the graph shows it: asked only where nothing does. */
  readonly obstacle: () => string | undefined;
  /** Nobody subscribes to an output. */
  readonly standby: boolean;
  readonly pace: Pace;
  /** What was wrong with a frame, or is with the network. */
  readonly trouble: string | undefined;
  /** What is wrong around the node, though it works. */
  readonly warning: string | undefined;
}

const LEVELS = {
  starting: 'ok',
  standby: 'ok',
  segmenting: 'ok',
  slow: 'warn',
  stale: 'warn',
  failing: 'error',
} as const;

/** Share of the frames that may be overtaken before the node counts as too slow for its camera. */
const OVERTAKEN = 0.1;

/** The one judgement of how a camera fares, told from frames rather than from the graph. */
export function healthOf(signs: HealthSigns): Health {
  const { state, message } = stateOf(signs);
  const level = LEVELS[state];
  if (signs.warning === undefined) return { state, level, message };
  return { state, level: level === 'ok' ? 'warn' : level, message: `${message}; ${signs.warning}` };
}

function stateOf(signs: HealthSigns): Pick<Health, 'state' | 'message'> {
  const { now, lastArrival, source, obstacle } = signs;
  if (signs.trouble !== undefined) return { state: 'failing', message: signs.trouble };
  const silence = now - (lastArrival ?? signs.startedAt);
  if (silence > signs.staleAfter) {
    const seconds = Math.floor(silence / 100) / 10;
    return { state: 'stale', message: `no frames for ${seconds} s: ${obstacle() ?? `${source} is silent`}` };
  }
  if (lastArrival === undefined)
    return { state: 'starting', message: `waiting for the first frame on ${source}` };
  if (signs.standby) return { state: 'standby', message: 'standby: nobody subscribes' };
  const { received, published, superseded } = signs.pace;
  if (superseded > OVERTAKEN * received) {
    const rates = `${published.toFixed(1)} of ${received.toFixed(1)} frames a second are segmented`;
    return {
      state: 'slow',
      message: `too slow for ${source}: ${rates}; set max_rate, or take more threads or a smaller model`,
    };
  }
  return { state: 'segmenting', message: 'segmenting' };
}
