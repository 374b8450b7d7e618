/** A pinhole camera. The world is x to the right, y up, z along the street, in metres. */
export class Camera {
  x = 0;
  y = 1.4;
  z = 0;
  /** Unit vectors of the picture's right, up and viewing direction. */
  readonly right = new Float64Array([1, 0, 0]);
  readonly up = new Float64Array([0, 1, 0]);
  readonly forward = new Float64Array([0, 0, 1]);
  readonly centreX: number;
  readonly centreY: number;
  /** Focal length in pixels. */
  readonly focal: number;

  /** `focal` is given in picture widths. A wide picture shows more to the sides; a tall one never shows less across. */
  constructor(width: number, height: number, focal: number) {
    this.centreX = width / 2;
    this.centreY = height / 2;
    this.focal = focal * Math.max(width, height * 1.2);
  }

  /** Looks along (dx, dy, dz), of any length, with a little roll (the rise of the right side per metre). */
  look(dx: number, dy: number, dz: number, roll: number): void {
    const { right, up, forward } = this;
    const level = Math.sqrt(dx * dx + dz * dz);
    const length = Math.sqrt(level * level + dy * dy);
    forward.set([dx / length, dy / length, dz / length]);
    const rx = dz / level;
    const rz = -dx / level;
    // forward x right points up, because this world is left-handed.
    const upX = forward[1]! * rz;
    const upY = forward[2]! * rx - forward[0]! * rz;
    const upZ = -forward[1]! * rx;
    const tilt = 1 / Math.sqrt(1 + roll * roll);
    right.set([(rx + upX * roll) * tilt, upY * roll * tilt, (rz + upZ * roll) * tilt]);
    up.set([(upX - rx * roll) * tilt, upY * tilt, (upZ - rz * roll) * tilt]);
  }
}
