import { fileURLToPath } from 'node:url';

/** The repository; this file runs as dist-test/fuzz/root.js. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
