import { addContactShadow, BLOCK_LENGTH } from './block.js';
import { Blocks } from './blocks.js';
import { Brush } from './brush.js';
import { Camera } from './camera.js';
import { SKY } from './classes.js';
import { Developer } from './developer.js';
import { Film } from './film.js';
import { createKit, type Kit } from './kit.js';
import { createLight, SHADE, type Light, type TimeOfDay } from './light.js';
import { Mesh } from './mesh.js';
import { Random, sine } from './numbers.js';
import { Course, createPlan, type Plan } from './plan.js';
import { Rasteriser } from './rasteriser.js';
import { Sensor } from './sensor.js';
import { Traffic, type Moment } from './traffic.js';

export type { TimeOfDay } from './light.js';

export interface StreetOptions {
  /** Decides everything about the street. 1 to 99 are kept for the demo and the tests; training takes 1000 and up. */
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** Frames per second of the drive; 30 if not given. */
  readonly fps?: number;
  /** The seed chooses if not given. */
  readonly timeOfDay?: TimeOfDay;
  /** Gain of the sensor's noise: 1 is what the seed's camera has, 0 none. */
  readonly noise?: number;
  /** Rays per pixel along each side: 2 smooths edges as a lens does, at four times the cost. */
  readonly samples?: 1 | 2;
}

export interface StreetFrame {
  /** width x height x 3 bytes, RGB. */
  readonly picture: Uint8Array;
  /** width x height class ids, 0 (sky) to 10 (bicyclist). */
  readonly labels: Uint8Array;
}

const VISIBLE_BLOCKS = 8;
const BACKDROP = BLOCK_LENGTH * (VISIBLE_BLOCKS - 1);

/**
 * A drive through a street that doesn't exist, as a camera behind the windscreen sees it, and what every pixel shows.
 * Picture and labels are written by one rasteriser from the same texels, so they agree to the pixel. Every frame is a
 * pure function of the options and its index, and has the same bytes on every machine (see numbers.ts).
 */
export class Street {
  readonly width: number;
  readonly height: number;
  readonly plan: Plan;
  readonly light: Light;
  readonly #fps: number;
  readonly #samples: 1 | 2;
  readonly #course: Course;
  readonly #kit: Kit;
  readonly #blocks: Blocks;
  readonly #traffic: Traffic;
  readonly #camera: Camera;
  readonly #film: Film;
  readonly #rasteriser: Rasteriser;
  readonly #brush: Brush;
  readonly #developer: Developer;
  readonly #sensor: Sensor;

  constructor({ seed, width, height, fps = 30, timeOfDay, noise = 1, samples = 1 }: StreetOptions) {
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
      throw new RangeError(`a street can't be pictured at ${width}x${height}`);
    }
    this.width = width;
    this.height = height;
    this.#fps = fps;
    this.#samples = samples;
    this.plan = createPlan(seed, timeOfDay);
    this.light = createLight(new Random(seed, 400), this.plan.timeOfDay);
    this.#course = new Course(seed);
    this.#kit = createKit(this.plan, this.light);
    this.#blocks = new Blocks(this.plan, this.#kit, this.#course, this.light);
    this.#traffic = new Traffic(this.plan, this.#kit, this.#course, this.light);
    this.#camera = new Camera(width * samples, height * samples, this.plan.focal);
    this.#film = new Film(width * samples, height * samples);
    this.#rasteriser = new Rasteriser(this.#film, this.#camera);
    this.#brush = new Brush(this.#rasteriser, this.#camera);
    this.#developer = new Developer(this.#film, this.light, seed);
    this.#sensor = new Sensor({
      width,
      height,
      samples,
      noise: this.plan.noise * noise,
      vignette: 0.16,
      seed,
    });
  }

  /** Frame `index` of the drive, in new arrays or `into` ones of a frame that is no longer needed. */
  frame(index: number, into?: StreetFrame): StreetFrame {
    const size = this.width * this.height;
    const frame = into ?? { picture: new Uint8Array(size * 3), labels: new Uint8Array(size) };
    if (frame.picture.length !== size * 3 || frame.labels.length !== size) {
      throw new RangeError(`a frame of ${this.width}x${this.height} doesn't fit into the given arrays`);
    }
    const time = index / this.#fps;
    const s = this.plan.speed * time;
    this.#aim(s, time);
    this.#film.clear();
    this.#drawGround(s);
    const moment = this.#traffic.at(time, s);
    this.#drawShadows(s, moment);
    this.#drawMoving(moment);
    this.#drawBlocks(s, time);
    this.#developer.develop(this.#film, this.#camera);
    this.#sensor.expose(this.#developer.colours, frame.picture, index);
    this.#readLabels(frame.labels);
    return frame;
  }

  /** The camera follows its lane; the car nods and leans a little. */
  #aim(s: number, time: number): void {
    const { eyeHeight, pitch } = this.plan;
    const course = this.#course;
    const [x, y] = course.place(this.#traffic.laneOffset, eyeHeight, s);
    this.#camera.x = x + 0.06 * sine(time * 0.21);
    this.#camera.y = y + 0.012 * sine(time * 1.7);
    this.#camera.z = s;
    const bend = (course.x(s + 12) - course.x(s - 2)) / 14;
    const slope = (course.y(s + 3) - course.y(s - 3)) / 6;
    const nod = 0.0025 * sine(time * 1.3) + 0.002 * sine(time * 2.9);
    this.#camera.look(bend, slope + pitch + nod, 1, 0.004 * sine(time * 0.37));
  }

  #blocksFrom(s: number): number {
    return Math.floor((s - 6) / BLOCK_LENGTH);
  }

  #drawGround(s: number): void {
    const first = this.#blocksFrom(s);
    for (let k = 0; k < VISIBLE_BLOCKS; k++) this.#blocks.get(first + k).ground.draw(this.#rasteriser);
  }

  #drawShadows(s: number, moment: Moment): void {
    const first = this.#blocksFrom(s);
    for (let k = 0; k < VISIBLE_BLOCKS; k++) this.#blocks.get(first + k).shadows.darken(this.#rasteriser);
    const moving = new Mesh(this.light);
    for (const { place, heading, vehicle } of moment.vehicles) {
      addContactShadow(moving, this.#kit, place, heading, vehicle.halfWidth + 0.35, vehicle.length / 2 + 0.4);
    }
    for (const { place, heading } of moment.cyclists)
      addContactShadow(moving, this.#kit, place, heading, 0.3, 0.9);
    for (const { place, heading } of moment.walkers)
      addContactShadow(moving, this.#kit, place, heading, 0.35, 0.35);
    moving.darken(this.#rasteriser);
  }

  #drawMoving({ vehicles, cyclists, walkers }: Moment): void {
    for (const { vehicle, place, heading, isShaded } of vehicles) {
      vehicle.draw(this.#rasteriser, this.#camera, this.light, place, heading.dx, heading.dz, isShaded);
    }
    for (const { cyclist, place, heading, pedals, light } of cyclists) {
      cyclist.draw(this.#rasteriser, this.#brush, place, heading, pedals, light);
    }
    for (const { pedestrian, place, heading, stride, light } of walkers) {
      pedestrian.draw(this.#brush, place, heading, stride, 1, light);
    }
  }

  /** Near ones first: what they hide is never painted. */
  #drawBlocks(s: number, time: number): void {
    const first = this.#blocksFrom(s);
    for (let k = 0; k < VISIBLE_BLOCKS; k++) {
      const block = this.#blocks.get(first + k);
      for (const { vehicle, place, heading, isShaded } of block.vehicles) {
        vehicle.draw(this.#rasteriser, this.#camera, this.light, place, heading.dx, heading.dz, isShaded);
      }
      for (const { pedestrian, place, heading, light } of block.bystanders) {
        pedestrian.draw(this.#brush, place, heading, 0.1 * sine(time * 0.2 + place[0]), 0.15, light);
      }
      block.solids.draw(this.#rasteriser);
      for (const { texture, from, to, radius, light } of block.limbs)
        this.#brush.limb(texture, from, to, radius, light);
      for (const { texture, place, width, height, light } of block.sprites) {
        this.#brush.sprite(texture, place, width, height, light);
      }
    }
    const [x, y, z] = this.#course.place(0, -3, s + BACKDROP);
    this.#brush.sprite(this.#kit.backdrop, [x, y, z], 420, 17, SHADE);
  }

  #readLabels(labels: Uint8Array): void {
    const { texels } = this.#film;
    const step = this.#samples;
    if (step === 1) {
      for (let i = 0; i < labels.length; i++) {
        const t = texels[i]!;
        labels[i] = t < 0 ? SKY : (t >> 24) & 15;
      }
      return;
    }
    const row = this.width * 2;
    for (let y = 0, i = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, i++) {
        const at = y * 2 * row + x * 2;
        labels[i] = majority(
          classAt(texels[at]!),
          classAt(texels[at + 1]!),
          classAt(texels[at + row]!),
          classAt(texels[at + row + 1]!),
        );
      }
    }
  }
}

function classAt(t: number): number {
  return t < 0 ? SKY : (t >> 24) & 15;
}

/** The class that most of four samples show; of equals, the one nearest the upper left. */
function majority(a: number, b: number, c: number, d: number): number {
  if (a === b || a === c || a === d) return a;
  return b === c || b === d ? b : c === d ? c : a;
}
