import { Canvas, dim, mix, rgb, type Colour } from './canvas.js';
import { TREE } from './classes.js';
import { cosine, lerp, NoiseField, scramble, sine, type Random } from './numbers.js';
import { texel, type Texture } from './texture.js';

const { floor, max, min, sqrt } = Math;

/** A whole tree as an upright picture. */
export interface Tree {
  readonly texture: Texture;
  readonly width: number;
  readonly height: number;
}

export type TreeKind = 'round' | 'broad' | 'column' | 'conifer' | 'bare' | 'bush';

interface Crown {
  readonly width: number;
  readonly height: number;
  /** Lower edge of the crown, and how many puffs of leaves make it. */
  readonly base: number;
  readonly puffs: number;
  readonly puff: readonly [number, number];
}

const CROWNS: Record<Exclude<TreeKind, 'bare'>, Crown> = {
  round: { width: 5, height: 6.5, base: 2.2, puffs: 70, puff: [0.5, 1] },
  broad: { width: 9, height: 9.5, base: 2.6, puffs: 110, puff: [0.6, 1.4] },
  column: { width: 3.4, height: 11, base: 1.2, puffs: 90, puff: [0.4, 0.8] },
  conifer: { width: 4.6, height: 9.5, base: 0.8, puffs: 100, puff: [0.35, 0.8] },
  bush: { width: 3, height: 1.9, base: 0, puffs: 34, puff: [0.3, 0.55] },
};

const LEAVES: readonly Colour[] = [
  rgb(86, 112, 48),
  rgb(70, 96, 44),
  rgb(104, 122, 56),
  rgb(62, 84, 46),
  rgb(132, 124, 52),
  rgb(150, 104, 48),
  rgb(78, 104, 66),
  rgb(112, 116, 84),
];

export function createTree(kind: TreeKind, random: Random): Tree {
  const bark = random.pick([rgb(82, 70, 58), rgb(98, 90, 80), rgb(66, 58, 52)]);
  if (kind === 'bare') return createBareTree(bark, random);
  const crown = CROWNS[kind];
  const width = crown.width * random.range(0.85, 1.15);
  const height = crown.height * random.range(0.85, 1.15);
  const canvas = new Canvas(256, 256, width * 1.04, height * 1.02, TREE);
  const middle = (width * 1.04) / 2;
  if (kind !== 'bush') drawTrunk(canvas, middle, height, crown.base, bark, random);
  const leaf = dim(random.pick(LEAVES), random.range(0.8, 1.15));
  for (let i = 0; i < crown.puffs; i++) {
    // From the back and below to the front and above, so that light ones lie on dark ones.
    const up = (i + random.next()) / crown.puffs;
    const angle = random.next();
    const reach = sqrt(random.next());
    const size = random.range(...crown.puff);
    const half = (height - crown.base) / 2;
    const tall = kind === 'conifer' ? lerp(-1, 1, up) : sine(angle) * reach;
    const profile = kind === 'conifer' ? (1 - (tall + 1) / 2) * 0.95 : 1;
    const x = middle + cosine(angle) * reach * profile * max(0.1, width / 2 - size);
    const y = crown.base + half + tall * max(0.1, half - size * 0.9);
    const lit = 0.5 + 0.28 * ((y - crown.base) / (height - crown.base)) + 0.34 * up;
    drawPuff(canvas, x, max(size * 0.6, y), size, mix(dim(leaf, lit), rgb(200, 200, 130), 0.12 * up), random);
  }
  return { texture: canvas.texture(), width: width * 1.04, height: height * 1.02 };
}

/** A ragged ball of leaves, lighter towards its upper left. */
function drawPuff(
  canvas: Canvas,
  x: number,
  y: number,
  radius: number,
  colour: Colour,
  random: Random,
): void {
  const seed = random.seed();
  const [edge, clump] = [new NoiseField(seed), new NoiseField(seed + 1)];
  const scaleX = canvas.width / canvas.metresWide;
  const scaleY = canvas.height / canvas.metresHigh;
  const [cx, cy] = [x * scaleX, canvas.height - y * scaleY];
  const [rx, ry] = [radius * scaleX, radius * 0.85 * scaleY];
  for (let py = max(1, floor(cy - ry)); py <= min(canvas.height - 1, cy + ry); py++) {
    for (let px = max(2, floor(cx - rx)); px <= min(canvas.width - 3, cx + rx); px++) {
      const dx = (px - cx) / rx;
      const dy = (py - cy) / ry;
      const leaf = scramble(seed + py * canvas.width + px) / 4294967296;
      if (dx * dx + dy * dy > 0.5 + 0.5 * edge.at(px / 4, py / 4) + 0.25 * (leaf - 0.5)) continue;
      const gain = 0.92 - 0.2 * dy - 0.12 * dx + 0.3 * (leaf - 0.5) + 0.36 * (clump.at(px / 2, py / 2) - 0.5);
      canvas.texels[py * canvas.width + px] = texel(dim(colour, gain), TREE);
    }
  }
}

function drawTrunk(
  canvas: Canvas,
  x: number,
  height: number,
  base: number,
  bark: Colour,
  random: Random,
): void {
  const thick = 0.1 + height * 0.014;
  const fork = base + (height - base) * 0.3;
  canvas.line(x, 0, x, fork, thick, bark);
  canvas.line(x - thick * 0.4, 0, x - thick * 0.4, fork, thick * 0.4, dim(bark, 1.25));
  for (let i = 0; i < 5; i++) {
    const lean = random.range(-0.25, 0.25) * height;
    canvas.line(
      x,
      lerp(base, fork, random.next()),
      x + lean * 0.6,
      fork + random.range(0.5, 0.4 * height),
      thick * 0.4,
      dim(bark, 0.9),
    );
  }
}

/** A tree in winter: branches that fork until they are twigs. */
function createBareTree(bark: Colour, random: Random): Tree {
  const height = random.range(7, 12);
  const width = height * 0.9;
  const canvas = new Canvas(256, 256, width, height * 1.02, TREE);
  const grow = (x: number, y: number, dx: number, dy: number, length: number, radius: number): void => {
    const tipX = x + dx * length;
    const tipY = y + dy * length;
    canvas.line(x, y, tipX, tipY, max(radius, 0.022), dim(bark, random.range(0.8, 1.15)));
    if (radius < 0.006) return;
    const forks = random.chance(0.45) ? 3 : 2;
    for (let i = 0; i < forks; i++) {
      const turn = (i + 0.5) / forks - 0.5 + random.range(-0.14, 0.14);
      const [c, s] = [cosine(turn * 0.24), sine(turn * 0.24)];
      const [nx, ny] = [dx * c + dy * s, dy * c - dx * s];
      grow(tipX, tipY, nx, max(ny, -0.3), length * random.range(0.66, 0.84), radius * 0.62);
    }
  };
  grow(width / 2, 0, random.range(-0.06, 0.06), 1, height * 0.24, 0.16);
  return { texture: canvas.texture(), width, height: height * 1.02 };
}
