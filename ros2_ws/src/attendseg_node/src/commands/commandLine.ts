import { Command, CommanderError } from 'commander';

/** A program of sub-commands, whose errors are one line each. @param name stands before them */
export function createProgram(name: string): Command {
  return new Command(name).exitOverride().configureOutput({
    outputError: (message, write) => {
      write(
        `${name}: ${message
          .trim()
          .replace(/^error: /, '')
          .replaceAll('\n', ' ')}\n`,
      );
    },
  });
}

/**
 * Runs the sub-command that the arguments name, or `fallback` if they begin with an option or are none: a misspelt
 * name is an error, and not the fallback's.
 * @returns the exit code, if it is a usage error or told its help; undefined if the action ran
 * @throws what the action throws
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  fallback: string,
): Promise<number | undefined> {
  const named = /^[^-]|^-(?:h|V|-help|-version)$/.test(args[0] ?? '-');
  try {
    await program.parseAsync(usual([...(named ? [] : [fallback]), ...args], program), { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

/**
 * Lets whoever reads the output stop when they have seen enough, as `| head` does. Not for the node: Node.js makes a pipe
 * that it opens as stdout non-blocking, also for the middleware's log behind the same one.
 */
export function allowEarlyReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Ends a command with what is missing. Not a `requiredOption`, which would be told before a misspelt one. */
export function needs(command: Command, ...names: readonly string[]): void {
  for (const option of command.options) {
    if (
      names.includes(option.attributeName()) &&
      command.getOptionValue(option.attributeName()) === undefined
    )
      command.error(`error: option '${option.flags}' is missing; see ${command.name()} --help`);
  }
}

/** Shows how a command is called at the end of its help. */
export function addExample(command: Command, example: string): Command {
  return command.addHelpText('after', `\nExample:\n  ${example}`);
}

/** `-o=x` as `-o x`; and a long option that is none without its value, so that the nearest one is found. */
function usual(args: readonly string[], program: Command): string[] {
  const known = new Set(optionsOf(program));
  const end = args.indexOf('--');
  return args.flatMap((arg, i) => {
    const [, flag, value] = /^(--?[^=]+)=(.*)$/s.exec(arg) ?? [];
    if (flag === undefined || value === undefined || (end >= 0 && i > end)) return [arg];
    if (flag.length === 2) return [flag, value];
    return known.has(flag) ? [arg] : [flag];
  });
}

function optionsOf(command: Command): string[] {
  return [...command.options.map(({ long }) => long ?? ''), ...command.commands.flatMap(optionsOf)];
}
