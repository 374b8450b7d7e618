#!/usr/bin/env bash
# Runs test suites one after the other, for test.sh:
#   bash scripts/run_suites.sh SUITE...    in the environment of env.sh, with TMPDIR and ROS_DOMAIN_ID of its own
#   results=FOLDER                         where the reports go
#   asked=yes                              a user named the suites
#   background=yes                         it is to take only what others leave of the processor
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
python=$ATTENDSEG_ROS_DIR/bin/python
results=${results:?a folder for the reports}

if [[ -n ${background:-} ]]; then
  # Of this session's jobs as a whole, which is what Linux goes by on desktops and in containers; and of each process.
  { echo 19 >/proc/self/autogroup; } 2>/dev/null || true
  renice -n 19 -p $$ >/dev/null || true
fi

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
  if [[ -n ${CI:-}${asked:-} ]]; then
    run check 'torch for training' bash scripts/setup.sh training
  fi
  [[ ! -x training/.venv/bin/python ]] || python=training/.venv/bin/python
  pytest training "$python"
}

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
    training) training ;;
    *) pytest "$suite" "$python" ;;
  esac
done
