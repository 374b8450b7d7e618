#!/usr/bin/env bash
# Makes everything that the demo and the tests need, into this folder: npm packages, ROS 2 (unless one is sourced),
# rclnodejs, the compiled program. Run it as often as you like: what is done is skipped, what was interrupted is redone.
#   bash scripts/setup.sh [demo|test|training]    training: torch, for `python -m attendseg_training…`, and nothing else
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

export ATTENDSEG_FOR=${1:-test}
source scripts/env.sh
source scripts/setup/check_system.sh
exec "$ATTENDSEG_BASE_PYTHON" scripts/setup/main.py
