/** The label of pixels that belong to no class; the overlay leaves them as they are. */
export const UNLABELLED = 255;
