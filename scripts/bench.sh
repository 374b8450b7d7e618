#!/usr/bin/env bash
# `npm run bench`: sets up what is missing, then measures the node beside a plain Python node: npm run bench -- --help
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

bash scripts/setup.sh test
source scripts/env.sh

# Rounds meet neither other machines nor other nodes of this one.
if [[ $ROS_DISTRO == humble ]]; then export ROS_LOCALHOST_ONLY=1; else export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST; fi
ROS_DOMAIN_ID=$("$ATTENDSEG_ROS_DIR/bin/python" scripts/free_domain.py)
export ROS_DOMAIN_ID

exec "$ATTENDSEG_ROS_DIR/bin/python" test/bench/bench.py "$@"
