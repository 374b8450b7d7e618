#!/usr/bin/env bash
# `npm run demo`: sets up what is missing, then runs the demo. Arguments go to the demo: npm run demo -- --help
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

bash scripts/setup.sh demo
source scripts/env.sh

# Large images need a larger shared-memory segment than Fast DDS's default; Jazzy reads the older of the two names.
profile=${FASTDDS_DEFAULT_PROFILES_FILE:-${FASTRTPS_DEFAULT_PROFILES_FILE:-$PWD/config/fastdds.xml}}
export FASTDDS_DEFAULT_PROFILES_FILE=$profile FASTRTPS_DEFAULT_PROFILES_FILE=$profile

exec node demo/dist/main.js "$@"
