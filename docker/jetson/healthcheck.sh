#!/usr/bin/env bash
# Is the node active? ATTENDSEG_NODE_NAME: its full name, /attendseg if it has no namespace.
# shellcheck source=/dev/null
source "/opt/ros/$ROS_DISTRO/setup.bash"
state=$(timeout 20 ros2 lifecycle get "${ATTENDSEG_NODE_NAME:-/attendseg}" 2>&1)
echo "$state"
[[ $state == active* ]]
