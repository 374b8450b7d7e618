#!/usr/bin/env bash
# ROS 2 from its apt packages, with what the node needs of it:
#   ROS_DISTRO=humble UBUNTU_CODENAME=jammy ROS_APT_SOURCE=1.1.0 install_ros.sh
set -euo pipefail
: "${ROS_DISTRO:?which distribution}" "${UBUNTU_CODENAME:?of which Ubuntu}" "${ROS_APT_SOURCE:?which version}"

apt-get update
apt-get install -y --no-install-recommends ca-certificates curl
package=ros2-apt-source_$ROS_APT_SOURCE.${UBUNTU_CODENAME}_all.deb
curl -fsSL -o "/tmp/$package" \
  "https://github.com/ros-infrastructure/ros-apt-source/releases/download/$ROS_APT_SOURCE/$package"
apt-get install -y "/tmp/$package"
rm "/tmp/$package"

apt-get update
apt-get install -y --no-install-recommends "ros-$ROS_DISTRO-ros-base" "ros-$ROS_DISTRO-vision-msgs" \
  "ros-$ROS_DISTRO-bond" "ros-$ROS_DISTRO-rmw-fastrtps-cpp" python3-yaml
rm -rf /var/lib/apt/lists/*
