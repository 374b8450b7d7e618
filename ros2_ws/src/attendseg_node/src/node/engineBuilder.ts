import { machineRoot } from '../inference/engine/board.js';
import { cacheFolder } from '../inference/engine/cacheFolder.js';
import { readManifest } from '../inference/manifest.js';
import type { Build } from './engineBuild.js';

/** As `attendseg engine build` has them. MiB, seconds, MiB. */
const USUAL = { workspace: 1024, timeout: 3600, room: 200 };

/** Builds the engine of a model as `attendseg engine build` does. @param model its folder, or its manifest */
export function engineBuild(model: string): Build {
  return async ({ signal, phase }) => {
    // Loaded when one is built: few nodes do.
    const { buildEngine } = await import('../inference/engine/buildEngine.js');
    await buildEngine(
      {
        ...USUAL,
        manifest: readManifest(model),
        cache: cacheFolder(),
        force: false,
        wait: true,
        root: machineRoot(),
      },
      {
        signal,
        progress: phase,
        onWait: (pid) => {
          phase(`process ${pid} builds one in this cache: waiting for it`);
        },
      },
    );
  };
}
