#!/usr/bin/env bash
# Builds the node into a colcon workspace, and puts another ONNX Runtime in the place of npm's:
#   build_node.sh CHECKOUT WORKSPACE [FOLDER WITH onnxruntime-{common,node}-*.tgz]
# Wants a ROS 2 that is sourced or lies in /opt/ros, Node.js, npm and colcon.
set -euo pipefail

checkout=${1:?which checkout} workspace=${2:?where to} onnxruntime=${3:-}
if [[ -z ${AMENT_PREFIX_PATH:-} ]]; then
  set +u
  # shellcheck source=/dev/null
  source "/opt/ros/$ROS_DISTRO/setup.bash"
  set -u
fi

mkdir -p "$workspace"
cd "$checkout/ros2_ws"
colcon --log-base "$workspace/log" build --build-base "$workspace/build" --install-base "$workspace/install" \
  --packages-select attendseg_node

[[ -z $onnxruntime ]] || bash "$checkout/docker/jetson/replace_onnxruntime.sh" \
  "$workspace/install/attendseg_node/share/attendseg_node/node_modules" "$onnxruntime"
