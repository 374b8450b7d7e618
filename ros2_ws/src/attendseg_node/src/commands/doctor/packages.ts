import type { Machine } from './machine.js';

/** Tens of thousands of packages have less. */
const STATUS_BYTES = 64 * 2 ** 20;

/**
 * The version of the first of these packages that dpkg has installed; `36.4.3` of `36.4.3-20250107174145`.
 * @returns undefined if none is, or if this machine has no dpkg
 */
export async function debianVersion(
  machine: Machine,
  ...names: readonly string[]
): Promise<string | undefined> {
  const status = await machine.readText('/var/lib/dpkg/status', { bytes: STATUS_BYTES, timeoutMs: 5000 });
  const entries = (status.value ?? '').split('\n\n');
  for (const name of names) {
    const entry = entries.find(
      (text) => `\n${text}\n`.includes(`\nPackage: ${name}\n`) && /^Status: install ok/m.test(text),
    );
    const [, version] = /^Version: (?:\d+:)?([\d.]+)/m.exec(entry ?? '') ?? [];
    if (version !== undefined) return version;
  }
  return undefined;
}
