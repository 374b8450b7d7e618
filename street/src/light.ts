import { mix, rgb, type Colour } from './canvas.js';
import { cosine, lerp, sine, type Random } from './numbers.js';

const { max, round, sqrt } = Math;

export type TimeOfDay = 'dawn' | 'noon' | 'overcast' | 'dusk';
export type Triple = readonly [number, number, number];

/**
 * What shines on the street. A surface's light is one byte: up to `SHADE` it says how much of the sky it sees, above
 * that how squarely the sun hits it.
 */
export interface Light {
  readonly timeOfDay: TimeOfDay;
  /** Unit vector towards the sun. */
  readonly sun: Triple;
  /** Gains per channel of what comes from the sky and from the sun. */
  readonly ambient: Triple;
  readonly direct: Triple;
  readonly zenith: Colour;
  readonly horizon: Colour;
  readonly cloud: Colour;
  /** Share of the sky that is cloud. */
  readonly cover: number;
  /** What far things fade to, and the distance in metres at which half of them has. */
  readonly haze: Colour;
  readonly hazeDistance: number;
  /** 0 to 1: how much contrast the picture gets. */
  readonly contrast: number;
  /** Share of windows that are lit. */
  readonly litWindows: number;
}

/** All of the sky, none of the sun. */
export const SHADE = 64;
/** The light on things that stand in the shade of a building or under a car. */
export const DEEP_SHADE = 24;

export function createLight(random: Random, timeOfDay: TimeOfDay): Light {
  const look = LOOKS[timeOfDay];
  const height = random.range(...look.sunHeight);
  // Not from dead ahead too often: that makes every façade dark.
  const azimuth = random.next();
  const level = sqrt(1 - height * height);
  const warmth = random.range(0.85, 1.15);
  const bright = random.range(0.78, 1.12);
  const direct = random.range(...look.direct) * bright;
  const ambient = random.range(...look.ambient) * bright;
  const tint = (colour: Triple, gain: number): Triple => [
    colour[0] * gain * lerp(1, warmth, 0.4),
    colour[1] * gain,
    (colour[2] * gain) / lerp(1, warmth, 0.4),
  ];
  const white = random.range(0, look.bleach);
  const zenith = mix(look.zenith, rgb(236, 240, 244), white);
  const horizon = mix(look.horizon, rgb(244, 246, 248), white);
  return {
    timeOfDay,
    sun: [sine(azimuth) * level, height, cosine(azimuth) * level],
    ambient: tint(look.ambientColour, ambient),
    direct: tint(look.directColour, direct),
    zenith,
    horizon,
    cloud: look.cloud,
    cover: random.range(...look.cover),
    haze: mix(horizon, rgb(128, 132, 140), 0.35),
    hazeDistance: random.range(250, 900),
    contrast: random.range(0.1, 0.6),
    litWindows: look.litWindows,
  };
}

/** The byte of light on a surface with this normal (of length 1). */
export function lightOn(light: Light, nx: number, ny: number, nz: number): number {
  const [sx, sy, sz] = light.sun;
  const facing = nx * sx + ny * sy + nz * sz;
  if (facing > 0) return SHADE + round(facing * (255 - SHADE));
  return round(SHADE * (0.82 + 0.14 * ny + 0.06 * nx));
}

interface Look {
  readonly sunHeight: readonly [number, number];
  readonly direct: readonly [number, number];
  readonly directColour: Triple;
  readonly ambient: readonly [number, number];
  readonly ambientColour: Triple;
  readonly zenith: Colour;
  readonly horizon: Colour;
  readonly cloud: Colour;
  readonly cover: readonly [number, number];
  /** How far the sky may be overexposed to white. */
  readonly bleach: number;
  readonly litWindows: number;
}

const LOOKS: Record<TimeOfDay, Look> = {
  dawn: {
    sunHeight: [0.16, 0.38],
    direct: [0.65, 1],
    directColour: [1.18, 0.98, 0.74],
    ambient: [0.55, 0.75],
    ambientColour: [0.94, 0.99, 1.12],
    zenith: rgb(120, 160, 206),
    horizon: rgb(250, 226, 196),
    cloud: rgb(250, 224, 206),
    cover: [0.1, 0.6],
    bleach: 0.6,
    litWindows: 0.06,
  },
  noon: {
    sunHeight: [0.45, 0.85],
    direct: [0.7, 1.05],
    directColour: [1.05, 1.01, 0.94],
    ambient: [0.58, 0.85],
    ambientColour: [0.95, 1, 1.08],
    zenith: rgb(86, 142, 214),
    horizon: rgb(206, 226, 242),
    cloud: rgb(248, 250, 252),
    cover: [0.05, 0.6],
    bleach: 0.8,
    litWindows: 0,
  },
  overcast: {
    sunHeight: [0.4, 0.8],
    direct: [0.02, 0.18],
    directColour: [1, 1, 1],
    ambient: [0.9, 1.2],
    ambientColour: [0.98, 1, 1.03],
    zenith: rgb(186, 194, 204),
    horizon: rgb(226, 230, 234),
    cloud: rgb(236, 239, 242),
    cover: [0.4, 0.9],
    bleach: 1,
    litWindows: 0.03,
  },
  dusk: {
    sunHeight: [0.1, 0.22],
    direct: [0.22, 0.5],
    directColour: [1.3, 0.86, 0.6],
    ambient: [0.44, 0.6],
    ambientColour: [0.92, 0.95, 1.16],
    zenith: rgb(74, 96, 148),
    horizon: rgb(236, 182, 150),
    cloud: rgb(176, 150, 162),
    cover: [0.2, 0.7],
    bleach: 0.35,
    litWindows: 0.22,
  },
};

/** The byte of light on something upright and round, such as a person, in the sun or in a house's shadow. */
export function lightOnUpright(light: Light, isShaded: boolean): number {
  const [sx, sy, sz] = light.sun;
  if (isShaded) return SHADE - 6;
  // The camera looks along z: with the sun behind it (sz < 0) it sees the lit side.
  return SHADE + round((255 - SHADE) * max(0.08, 0.42 - 0.4 * sz + 0.1 * sy - 0.05 * sx * sx));
}
