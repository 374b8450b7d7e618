import type { FrameLook } from '../inference/protocol.js';
import type { Parameters } from './parameterTable.js';

/** How a camera's frames are to be segmented and shown, by the parameters. */
export function frameLook(parameters: Parameters, camera: string): FrameLook {
  return {
    bitDepth: parameters.bit_depth,
    fit: parameters.fit,
    opacity: parameters.overlay_opacity,
    legend: parameters.overlay_legend,
    threshold: parameters.confidence_threshold,
    smoothing: parameters.smoothing,
    camera,
  };
}
