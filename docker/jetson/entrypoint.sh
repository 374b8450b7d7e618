#!/usr/bin/env bash
# Runs a command with ROS 2 and the node's workspace sourced.
set -e
# shellcheck source=/dev/null
source "/opt/ros/$ROS_DISTRO/setup.bash"
# shellcheck source=/dev/null
source /opt/ws/install/setup.bash
PATH=/opt/ws/install/attendseg_node/lib/attendseg_node:$PATH
mkdir -p "$ATTENDSEG_ENGINE_CACHE" "$ROS_LOG_DIR" "$CUDA_CACHE_PATH"
chmod 700 "$ATTENDSEG_ENGINE_CACHE"
exec "$@"
