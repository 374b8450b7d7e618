import { Canvas, dim, rgb, type Colour } from './canvas.js';
import { POLE, SIGN } from './classes.js';
import { drawLettering } from './facades.js';
import { cosine, sine, type Random } from './numbers.js';
import type { Texture } from './texture.js';

/** A flat board, front side. */
export interface Sign {
  readonly texture: Texture;
  readonly width: number;
  readonly height: number;
}

export type SignKind = 'limit' | 'order' | 'warning' | 'stop' | 'parking' | 'direction' | 'yield' | 'noEntry';

const WHITE = rgb(236, 236, 232);
const RED = rgb(196, 28, 34);
const BLUE = rgb(22, 78, 160);
const BLACK = rgb(28, 28, 30);

export function createSign(kind: SignKind, random: Random): Sign {
  const [width, height] =
    kind === 'direction'
      ? [random.range(1, 1.9), random.range(0.6, 1.1)]
      : kind === 'parking'
        ? [0.5, 0.7]
        : [0.75, 0.75];
  const canvas = new Canvas(64, 64, 1, 1, SIGN);
  const corners = (count: number, radius: number, turn: number): [number, number][] =>
    Array.from({ length: count }, (_, i) => [
      0.5 + radius * sine(turn + i / count),
      0.5 + radius * cosine(turn + i / count),
    ]);
  switch (kind) {
    case 'limit':
      canvas.ellipse(0.5, 0.5, 0.48, 0.48, RED);
      canvas.ellipse(0.5, 0.5, 0.37, 0.37, WHITE);
      if (random.chance(0.7)) drawLettering(canvas, 0.3, 0.35, 0.74, 0.65, WHITE, random);
      else canvas.line(0.3, 0.7, 0.7, 0.3, 0.05, RED);
      break;
    case 'order':
      canvas.ellipse(0.5, 0.5, 0.48, 0.48, WHITE);
      canvas.ellipse(0.5, 0.5, 0.45, 0.45, BLUE);
      canvas.line(0.3, 0.66, 0.66, 0.32, 0.06, WHITE);
      canvas.line(0.66, 0.32, 0.4, 0.34, 0.05, WHITE);
      canvas.line(0.66, 0.32, 0.64, 0.58, 0.05, WHITE);
      break;
    case 'noEntry':
      canvas.ellipse(0.5, 0.5, 0.48, 0.48, RED);
      canvas.rect(0.2, 0.42, 0.8, 0.58, WHITE);
      break;
    case 'warning':
      canvas.polygon(
        [
          [0.02, 0.08],
          [0.98, 0.08],
          [0.5, 0.95],
        ],
        RED,
      );
      canvas.polygon(
        [
          [0.18, 0.17],
          [0.82, 0.17],
          [0.5, 0.76],
        ],
        WHITE,
      );
      canvas.line(0.5, 0.25, 0.5, 0.5, 0.05, BLACK);
      break;
    case 'yield':
      canvas.polygon(
        [
          [0.02, 0.92],
          [0.98, 0.92],
          [0.5, 0.05],
        ],
        RED,
      );
      canvas.polygon(
        [
          [0.18, 0.83],
          [0.82, 0.83],
          [0.5, 0.24],
        ],
        WHITE,
      );
      break;
    case 'stop':
      canvas.polygon(corners(8, 0.49, 1 / 16), RED);
      drawLettering(canvas, 0.16, 0.4, 0.9, 0.6, RED, random);
      break;
    case 'parking':
      canvas.rect(0.03, 0.03, 0.97, 0.97, WHITE);
      canvas.rect(0.07, 0.4, 0.93, 0.93, BLUE);
      canvas.line(0.4, 0.5, 0.4, 0.84, 0.05, WHITE);
      canvas.ellipse(0.5, 0.74, 0.13, 0.11, WHITE);
      canvas.ellipse(0.5, 0.74, 0.06, 0.05, BLUE);
      drawLettering(canvas, 0.15, 0.12, 0.85, 0.3, WHITE, random);
      break;
    case 'direction': {
      const board: Colour = random.pick([rgb(20, 100, 64), BLUE, WHITE, rgb(230, 190, 40)]);
      canvas.rect(0.02, 0.02, 0.98, 0.98, board === WHITE ? BLACK : WHITE);
      canvas.rect(0.05, 0.06, 0.95, 0.94, board);
      drawLettering(canvas, 0.12, 0.6, 0.88, 0.8, board, random);
      drawLettering(canvas, 0.12, 0.2, 0.7, 0.4, board, random);
      break;
    }
  }
  canvas.weather(random.seed(), 0.08, 0.3, 0.03);
  return { texture: canvas.texture(), width, height };
}

/** A shop's sign that hangs over the pavement. */
export function createShopSign(random: Random): Sign {
  const canvas = new Canvas(64, 64, 1, 1, SIGN);
  const board = random.pick([
    rgb(150, 30, 36),
    rgb(24, 60, 110),
    rgb(22, 84, 60),
    rgb(222, 178, 48),
    rgb(40, 40, 44),
    rgb(226, 222, 212),
    rgb(40, 140, 80),
  ]);
  canvas.rect(0.02, 0.02, 0.98, 0.98, dim(board, 0.6));
  canvas.rect(0.07, 0.07, 0.93, 0.93, board);
  drawLettering(canvas, 0.15, 0.52, 0.9, 0.78, board, random);
  drawLettering(canvas, 0.2, 0.2, 0.8, 0.4, board, random);
  return { texture: canvas.texture(), width: random.range(0.6, 0.9), height: random.range(0.6, 1.1) };
}

/** The signal head of a traffic light, with the light on that is named. */
export function createSignal(lit: 'red' | 'amber' | 'green'): Texture {
  const canvas = new Canvas(32, 64, 0.34, 0.95, SIGN);
  canvas.rect(0.01, 0.01, 0.33, 0.94, rgb(30, 31, 32));
  const lamps = [
    ['red', 0.76, rgb(255, 44, 30)],
    ['amber', 0.475, rgb(255, 176, 34)],
    ['green', 0.19, rgb(48, 250, 170)],
  ] as const;
  for (const [name, y, colour] of lamps) {
    canvas.ellipse(0.17, y, 0.11, 0.11, name === lit ? colour : dim(colour, 0.2), name === lit);
  }
  return canvas.texture();
}

/** The grey back of any sign. */
export function createSignBack(): Texture {
  const canvas = new Canvas(16, 16, 1, 1, SIGN);
  canvas.fill(rgb(128, 130, 132));
  return canvas.texture();
}

/** A rod lit from the left: the texture of poles, arms and legs. */
export function createRod(colour: Colour, classId: number, foot: Colour = colour): Texture {
  const canvas = new Canvas(16, 16, 1, 1, classId);
  canvas.gradient(0, 0, 1, 1, foot, colour);
  canvas.repaint((x, _y, c) => dim(c, 1.12 - 1.9 * (x - 0.36) * (x - 0.36)));
  return canvas.texture();
}

export function createPole(random: Random): Texture {
  const colour = random.pick([
    rgb(120, 124, 126),
    rgb(150, 152, 150),
    rgb(44, 48, 50),
    rgb(60, 76, 66),
    rgb(176, 176, 170),
  ]);
  return createRod(colour, POLE, dim(colour, 0.8));
}
