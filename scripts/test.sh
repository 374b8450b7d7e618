#!/usr/bin/env bash
# `npm test`: sets up what is missing, then lint and all test suites. The last line is `N passed, M failed`.
#   bash scripts/test.sh [SUITE...]    a suite: lint, unit (jest), or a folder of test/ with pytest files: setup, ros, launch, …
#   ATTENDSEG_TEST_LANES=1             runs one suite at a time: half again as long, where a failure may come of the load
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1

give_up() {
  echo "0 passed, 1 failed"
  exit 1
}

bash scripts/setup.sh test || give_up
source scripts/env.sh || give_up
python=$ATTENDSEG_ROS_DIR/bin/python

suites=("$@")
if ((${#suites[@]} == 0)); then
  suites=(lint unit)
  shopt -s nullglob
  for file in test/*/test_*.py; do
    suite=$(basename "$(dirname "$file")")
    [[ ${suites[-1]} == "$suite" ]] || suites+=("$suite")
  done
fi

if [[ $ROS_DISTRO == humble ]]; then export ROS_LOCALHOST_ONLY=1; else export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST; fi
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/attendseg-test.XXXXXX") || give_up
export TMPDIR ROS_LOG_DIR=$TMPDIR/ros_log
lanes=()
trap 'kill -- "${lanes[@]/#/-}" 2>/dev/null; rm -rf -- "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# A folder for each run, so that two at once do not mix; the last few are kept.
results=$("$python" scripts/test_results.py out/test-results) || give_up

# Runs meet neither other machines nor each other.
domains=$("$python" scripts/free_domain.py 2) || give_up
read -r -d '' -a domains <<<"$domains"

# Each lane is a session of its own: it can be ended as a whole, and the processor is shared out by sessions.
lane() { # ROS domain, suites
  ROS_DOMAIN_ID=$1 setsid bash scripts/run_suites.sh "${@:2}" &
  lanes+=($!)
}

export results asked=${1:+yes}
if (($# > 0)) || [[ ${ATTENDSEG_TEST_LANES:-2} == 1 ]]; then
  lane "${domains[0]}" "${suites[@]}"
  wait "${lanes[0]}" || give_up
else
  # These have bounds of time, and mostly wait: the others have what they leave of the processor.
  timed=() others=()
  for suite in "${suites[@]}"; do
    case $suite in
      demo | faults | launch | ros) timed+=("$suite") ;;
      *) others+=("$suite") ;;
    esac
  done
  lane "${domains[0]}" "${timed[@]}"
  background=yes lane "${domains[1]}" "${others[@]}" >"$results/others.log" 2>&1
  wait "${lanes[0]}" || give_up
  echo
  echo "Waiting for the other suites, whose output follows: $results/others.log"
  wait "${lanes[1]}" || give_up
  cat "$results/others.log"
fi

echo
echo "Reports: $results"
"$python" scripts/test_summary.py "$results"
