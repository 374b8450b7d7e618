export const IMAGE = '/camera/image_raw';
export const MASK = '/segmentation/mask';
export const OVERLAY = '/segmentation/overlay';

/** Shows a running demo. */
export const RVIZ = `rviz2 -d config/attendseg.rviz --ros-args -r /image:=${IMAGE}`;
