#!/usr/bin/env node
/** SIGINT and SIGTERM. Caught before anything else is loaded: a robot is stopped at any moment. */
const ended = new AbortController();
// They often come twice: launch sends one, and the terminal another to the whole group.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    ended.abort();
  });
}
// Not process.exit(): it would abort threads in the middle of a run.
process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  // Alone: it tells why the rest cannot be loaded.
  if (args[0] === 'doctor') return (await import('./doctorCli.js')).runDoctor(args);
  const { runCli } = await import('./cli.js');
  return runCli(args, ended.signal);
}

export {};
