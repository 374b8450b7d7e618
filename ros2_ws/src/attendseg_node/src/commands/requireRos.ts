/**
 * Checks that a ROS 2 is sourced before rclnodejs is loaded, which would try to compile itself.
 * @throws Error with the remedy
 */
export function requireRos(): void {
  if (!process.env['AMENT_PREFIX_PATH'] || !process.env['ROS_DISTRO']) {
    throw new Error('no ROS 2 environment; source one first: source /opt/ros/jazzy/setup.bash');
  }
}
