#!/usr/bin/env node
/** SIGINT and SIGTERM. Caught before anything else is loaded: a robot is stopped at any moment. */
const ended = new AbortController();
// They often come twice: launch sends one, and the terminal another to the whole group.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    ended.abort();
  });
}
const { runCli } = await import('./cli.js');

// Not process.exit(): it would abort threads in the middle of a run.
process.exitCode = await runCli(process.argv.slice(2), ended.signal);

export {};
