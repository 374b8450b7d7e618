import { lerp } from './numbers.js';

/** A cross-section of a vehicle's body: where it is, and half its width and its height at the belt and at the top. */
export interface Station {
  /** Metres from the rear. */
  readonly z: number;
  readonly beltHalf: number;
  readonly belt: number;
  readonly topHalf: number;
  readonly top: number;
}

export interface VehicleModel {
  readonly name: string;
  /** How common it is. */
  readonly share: number;
  readonly stations: readonly Station[];
  /** Between which stations the top is glass: windscreen and rear window. */
  readonly glassTops: readonly number[];
  /** From where to where along the side there are windows, and the pillars between them. */
  readonly windows: readonly [number, number];
  readonly pillars: readonly number[];
  readonly sill: number;
  readonly wheels: readonly number[];
  readonly wheelRadius: number;
  /** Windows in the upright front and rear, from this height: vans and buses. */
  readonly frontGlass: number | undefined;
  readonly rearGlass: number | undefined;
}

function stations(...rows: readonly (readonly [number, number, number, number, number])[]): Station[] {
  return rows.map(([z, beltHalf, belt, topHalf, top]) => ({ z, beltHalf, belt, topHalf, top }));
}

const CAR = { sill: 0.24, wheelRadius: 0.31, frontGlass: undefined, rearGlass: undefined };

/** What drives and parks here. Every number is a length in metres. */
export const VEHICLE_MODELS: readonly VehicleModel[] = [
  {
    ...CAR,
    name: 'hatchback',
    share: 4,
    stations: stations(
      [0, 0.72, 0.86, 0.7, 0.88],
      [0.12, 0.83, 0.94, 0.76, 0.97],
      [0.55, 0.86, 0.95, 0.6, 1.4],
      [2.15, 0.86, 0.95, 0.61, 1.45],
      [2.95, 0.86, 0.94, 0.76, 0.98],
      [3.7, 0.82, 0.8, 0.72, 0.84],
      [3.95, 0.7, 0.62, 0.68, 0.66],
    ),
    glassTops: [1, 3],
    windows: [0.35, 2.75],
    pillars: [1.3],
    wheels: [0.72, 3.2],
  },
  {
    ...CAR,
    name: 'saloon',
    share: 3,
    stations: stations(
      [0, 0.74, 0.88, 0.72, 0.9],
      [0.15, 0.84, 0.94, 0.78, 0.98],
      [0.8, 0.88, 0.95, 0.78, 1],
      [1.35, 0.88, 0.95, 0.61, 1.4],
      [2.55, 0.88, 0.95, 0.62, 1.42],
      [3.35, 0.88, 0.93, 0.78, 0.96],
      [4.25, 0.84, 0.78, 0.74, 0.82],
      [4.5, 0.72, 0.6, 0.7, 0.64],
    ),
    glassTops: [2, 4],
    windows: [1, 3.15],
    pillars: [1.95],
    wheels: [0.9, 3.65],
  },
  {
    ...CAR,
    name: 'estate',
    share: 2,
    stations: stations(
      [0, 0.74, 0.86, 0.72, 0.9],
      [0.1, 0.84, 0.94, 0.76, 0.98],
      [0.38, 0.87, 0.96, 0.62, 1.42],
      [2.6, 0.87, 0.96, 0.63, 1.46],
      [3.4, 0.87, 0.94, 0.77, 0.97],
      [4.3, 0.83, 0.78, 0.73, 0.82],
      [4.55, 0.72, 0.6, 0.69, 0.64],
    ),
    glassTops: [1, 3],
    windows: [0.28, 3.2],
    pillars: [1.15, 2.05],
    wheels: [0.85, 3.7],
  },
  {
    ...CAR,
    name: 'off-roader',
    share: 2,
    stations: stations(
      [0, 0.78, 0.98, 0.76, 1],
      [0.1, 0.88, 1.05, 0.8, 1.1],
      [0.3, 0.9, 1.06, 0.68, 1.68],
      [2.5, 0.9, 1.06, 0.69, 1.72],
      [3.2, 0.9, 1.06, 0.8, 1.1],
      [4.1, 0.88, 0.96, 0.78, 1],
      [4.35, 0.78, 0.76, 0.74, 0.8],
    ),
    glassTops: [1, 3],
    windows: [0.2, 3],
    pillars: [1, 1.95],
    sill: 0.34,
    wheels: [0.82, 3.45],
    wheelRadius: 0.37,
  },
  {
    ...CAR,
    name: 'van',
    share: 2,
    stations: stations(
      [0, 0.92, 1.15, 0.86, 1.95],
      [0.1, 0.95, 1.15, 0.88, 2],
      [3.3, 0.95, 1.15, 0.86, 2.02],
      [4.1, 0.95, 1.12, 0.82, 1.2],
      [4.8, 0.9, 0.9, 0.8, 0.94],
      [5, 0.8, 0.7, 0.76, 0.74],
    ),
    glassTops: [2],
    windows: [2.75, 3.95],
    pillars: [3.4],
    sill: 0.3,
    wheels: [0.95, 4.1],
    wheelRadius: 0.34,
    rearGlass: 1.25,
  },
  {
    ...CAR,
    name: 'lorry',
    share: 1,
    stations: stations(
      [0, 1.2, 1.3, 1.2, 3.4],
      [5.2, 1.2, 1.3, 1.2, 3.4],
      [5.3, 1.1, 1.3, 1, 2.6],
      [6.6, 1.12, 1.3, 1.02, 2.6],
      [7, 1.08, 1.25, 1, 1.35],
    ),
    glassTops: [3],
    windows: [5.5, 6.7],
    pillars: [],
    sill: 0.5,
    wheels: [1.4, 6],
    wheelRadius: 0.46,
  },
  {
    ...CAR,
    name: 'bus',
    share: 1,
    stations: stations(
      [0, 1.2, 1.2, 1.16, 2.95],
      [0.15, 1.25, 1.2, 1.2, 3],
      [10.6, 1.25, 1.2, 1.2, 3],
      [10.9, 1.15, 1.2, 1.12, 2.9],
    ),
    glassTops: [],
    windows: [0.3, 10.4],
    pillars: [1.9, 3.5, 5.1, 6.7, 8.3],
    sill: 0.3,
    wheels: [2.6, 8.4],
    wheelRadius: 0.48,
    frontGlass: 1.1,
    rearGlass: 1.6,
  },
];

export function lengthOf(model: VehicleModel): number {
  return model.stations.at(-1)!.z;
}

export function halfWidthOf(model: VehicleModel): number {
  return Math.max(...model.stations.map((station) => station.beltHalf));
}

/** The height that the flat projections of its textures span. */
export function heightOf(model: VehicleModel): number {
  return Math.max(...model.stations.map((station) => station.top)) + 0.02;
}

/** The cross-section at any z. */
export function sectionAt(model: VehicleModel, z: number): Station {
  const after = Math.max(
    1,
    model.stations.findIndex((station) => station.z >= z),
  );
  const [a, b] = [model.stations[after - 1]!, model.stations[after]!];
  const t = (z - a.z) / (b.z - a.z);
  return {
    z,
    beltHalf: lerp(a.beltHalf, b.beltHalf, t),
    belt: lerp(a.belt, b.belt, t),
    topHalf: lerp(a.topHalf, b.topHalf, t),
    top: lerp(a.top, b.top, t),
  };
}
