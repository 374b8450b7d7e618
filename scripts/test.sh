#!/usr/bin/env bash
# `npm test`: sets up what is missing, then lint and all test suites. The last line is `N passed, M failed`.
#   bash scripts/test.sh [SUITE...]    a suite: lint, unit (jest), or a folder of test/ with pytest files: setup, ros, launch, …
#   ATTENDSEG_TEST_LANES=2             runs two suites at a time: in two thirds of the time, on a machine with cores to spare
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
trap 'rm -rf -- "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# A folder for each run, so that two at once do not mix; the last few are kept.
results=$("$python" scripts/test_results.py out/test-results) || give_up

# A suite that hangs must not hang CI.
limit=${ATTENDSEG_SUITE_TIMEOUT:-1800}
run() { # kind of report, name, command...
  local kind=$1 name=$2 status=0
  shift 2
  echo
  echo "== $name"
  timeout --foreground --kill-after=10 "$limit" "$@" </dev/null || status=$?
  printf '%s\t%s\t%s\n' "$kind" "$name" "$status" >>"$results/runs.tsv"
}

folders=()
for folder in scripts test launch training; do [[ ! -d $folder ]] || folders+=("$folder"); done
# Plug-ins that a sourced ROS 2 brings (launch_testing) may not suit this pytest.
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1

pytest() { # suite, python
  run pytest "$1" "$2" -m pytest "test/$1" --junitxml="$results/$1.xml" -q -p no:cacheprovider
}

# Torch is large: CI fetches it, and who asks for this suite; else its tests are skipped, and say so.
training() {
  local python=$python
  if [[ -n ${CI:-} || " $* " == *' asked '* ]]; then
    run check 'torch for training' bash scripts/setup.sh training
  fi
  [[ ! -x training/.venv/bin/python ]] || python=training/.venv/bin/python
  pytest training "$python"
}

# Runs meet neither other machines nor each other.
domains=$("$python" scripts/free_domain.py 2) || give_up
read -r -d '' -a domains <<<"$domains"

in_turn() { # ROS domain, suites: one after the other
  local suite
  export ROS_DOMAIN_ID=$1
  shift
  for suite in "$@"; do
    case $suite in
      lint)
        run check 'eslint and prettier' npm run --silent lint
        run check 'ruff check' "$python" -m ruff check --config scripts/ruff.toml "${folders[@]}"
        run check 'ruff format' "$python" -m ruff format --check --config scripts/ruff.toml "${folders[@]}"
        ;;
      unit)
        NODE_OPTIONS="${NODE_OPTIONS:+$NODE_OPTIONS }--experimental-vm-modules --disable-warning=ExperimentalWarning" \
          run jest unit node node_modules/jest/bin/jest.js --ci --json --outputFile="$results/unit.json"
        ;;
      training) training ${asked:+asked} ;;
      *) pytest "$suite" "$python" ;;
    esac
  done
}

asked=${1:+yes}
if (($# > 0)) || [[ ${ATTENDSEG_TEST_LANES:-1} == 1 ]]; then
  in_turn "${domains[0]}" "${suites[@]}" || give_up
else
  # These mostly wait for what comes over the graph: the others run beside them, and all are given more time. On two
  # cores a test of times fails now and then that way.
  export ATTENDSEG_TEST_END_WITHIN=${ATTENDSEG_TEST_END_WITHIN:-4}
  waiting=() others=()
  for suite in "${suites[@]}"; do
    case $suite in
      ros | faults | soak) waiting+=("$suite") ;;
      *) others+=("$suite") ;;
    esac
  done
  set -m # with a process group of its own, so that all of it can be ended
  in_turn "${domains[1]}" "${others[@]}" >"$results/others.log" 2>&1 &
  beside=$!
  set +m
  trap 'kill -- "-$beside" 2>/dev/null; exit 130' INT TERM
  in_turn "${domains[0]}" "${waiting[@]}" || give_up
  echo
  echo "Waiting for the other suites, whose output follows: $results/others.log"
  wait "$beside" || give_up
  cat "$results/others.log"
fi

echo
echo "Reports: $results"
"$python" scripts/test_summary.py "$results"
