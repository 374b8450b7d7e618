import { InvalidArgumentError } from 'commander';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An option's value of more than 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be more than 0');
  return value;
}

/** An option's value as in 640x480. */
export function parseSize(text: string): Size {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width === undefined || height === undefined)
    throw new InvalidArgumentError('must be WIDTHxHEIGHT, such as 640x480');
  return { width: Number(width), height: Number(height) };
}
