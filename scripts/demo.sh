#!/usr/bin/env bash
# `npm run demo`: sets up what is missing, then runs the demo. Arguments go to the demo: npm run demo -- --help
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

bash scripts/setup.sh demo
source scripts/env.sh

# Large images need a larger shared-memory segment than Fast DDS's default. As in launch: the one variable that this
# distribution's Fast DDS reads, unless the user has a profile.
case $ROS_DISTRO in
  humble | iron | jazzy) variable=FASTRTPS_DEFAULT_PROFILES_FILE ;;
  *) variable=FASTDDS_DEFAULT_PROFILES_FILE ;;
esac
[[ -n ${FASTDDS_DEFAULT_PROFILES_FILE:-}${FASTRTPS_DEFAULT_PROFILES_FILE:-} ]] ||
  export "$variable=$PWD/config/fastdds.xml"

exec node demo/dist/main.js "$@"
