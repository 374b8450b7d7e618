import { InvalidArgumentError, Option } from 'commander';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Parses an argument that is a path: an empty one is a shell's variable that was not set. */
export function notEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('Its value is missing: it is empty.');
  return value;
}

/** Parses an option's path or name, in whose place may be the next option. */
export function text(value: string): string {
  if (/^--?[a-z]/i.test(value))
    throw new InvalidArgumentError(
      `Its value is missing: ${value} is an option; a file of that name is ./${value}.`,
    );
  return notEmpty(value);
}

/** Parses words with commas between. */
export function list(value: string): string[] {
  return notEmpty(value)
    .split(',')
    .map((word) => word.trim());
}

/** Makes a parser of whole numbers from `low` to `high`, in digits. */
export function whole(low: number, high: number): (value: string) => number {
  return within(/^\+?\d+$/, `a whole number from ${low} to ${high}`, low, high);
}

/** Makes a parser of numbers from `low` to `high`, in digits, with a point if need be. */
export function decimal(low: number, high: number): (value: string) => number {
  return within(/^\+?(?:\d+\.?\d*|\.\d+)$/, `a number from ${low} to ${high}`, low, high);
}

function within(form: RegExp, what: string, low: number, high: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (form.test(value) && number >= low && number <= high) return number;
    throw new InvalidArgumentError(`Give ${what}.`);
  };
}

/** Parses the size of pictures, as in 640x480. */
export function pictureSize(value: string): Size {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(value) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (Object.values(size).every((pixels) => pixels >= 16 && pixels <= 8192)) return size;
  throw new InvalidArgumentError('Give it as 640x480, each 16 to 8192.');
}

/** An option whose value is a size, and `usual` if left out: told as it is typed, not as the program has it. */
export function sizeOption(flags: string, description: string, usual: string): Option {
  return new Option(flags, description).argParser(pictureSize).default(pictureSize(usual), usual);
}
