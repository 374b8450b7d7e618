/**
 * Ends the process with `code` if something keeps it alive for longer than `milliseconds`. A run of the network cannot
 * be broken off: process.exit() waits for its thread and then aborts, and terminate() does too. So this is _exit(2),
 * which asks nobody.
 */
export function exitWithin(milliseconds: number, code: number): void {
  setTimeout(() => {
    void exitNow(code);
  }, milliseconds).unref();
}

async function exitNow(code: number): Promise<void> {
  const { default: koffi } = await import('koffi');
  const exit = koffi.load(null).func('void _exit(int)') as (code: number) => void;
  exit(code);
}
