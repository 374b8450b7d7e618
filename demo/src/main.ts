/** Signals, caught before anything else is loaded, with the exit codes that shells give to them. They often come twice. */
const ended = new AbortController();
for (const [name, code] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    ended.abort(code);
  });
}
const { runDemo } = await import('./program.js');
process.exitCode = ended.signal.aborted
  ? (ended.signal.reason as number)
  : await runDemo(process.argv.slice(2), ended.signal);

export {};
