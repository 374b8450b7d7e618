import { fileURLToPath } from 'node:url';

/** The folder of the model that comes with the program: dist/inference/ -> models/. */
export function shippedModel(): string {
  return fileURLToPath(new URL('../../models/attendseg_camvid', import.meta.url));
}
