import type { DiagnosticStatus } from '../recording/infoMessages.js';
import type { Configured } from './lifecycleConfigured.js';
import type { State } from './lifecycle.js';
import type { RosNode } from './ros.js';
import { IMAGE_TOPIC, topicOf } from './topics.js';

/** What is said of the node, whichever camera. */
export interface Standing {
  readonly state: State;
  readonly isEnabled: boolean;
  /** Why the last transition failed. */
  readonly failure: Error | undefined;
  /** What is wrong around it, and with its network. */
  readonly warnings: readonly (string | undefined)[];
  readonly engine: string;
}

/**
 * For /diagnostics: one for each camera, whatever the state.
 * @param configured from configuring to cleaning up; its cameras are asked while it is active
 */
export function statusesOf(
  node: RosNode,
  cameras: readonly string[],
  configured: Configured | undefined,
  { state, isEnabled, failure, warnings, engine }: Standing,
): DiagnosticStatus[] {
  const warning = joined(warnings);
  const values = [
    { key: 'lifecycle state', value: state },
    { key: 'enabled', value: String(isEnabled) },
  ];
  if (state === 'active' && configured !== undefined) {
    return configured.report(warning, engine).map((status) => {
      const message = status.level === 0 ? 'disabled by set_enabled' : `disabled; ${status.message}`;
      return { ...status, ...(!isEnabled && { message }), values: [...status.values, ...values] };
    });
  }
  const failed = failure && `the last transition failed: ${failure.message}`;
  return cameras.map((name) => ({
    level: failed !== undefined ? 2 : warning !== undefined ? 1 : 0,
    name: `${node.fullName.slice(1)}: ${node.resolve(topicOf(name, IMAGE_TOPIC))}`,
    message: joined([state, failed, warning])!,
    hardware_id: 'none',
    values: [...values, { key: 'engine', value: engine }],
  }));
}

/** @returns undefined where nothing is said */
function joined(parts: readonly (string | undefined)[]): string | undefined {
  return parts.filter((part) => part !== undefined).join('; ') || undefined;
}
