# shellcheck shell=bash
# Sourced by scripts/setup.sh after env.sh. Looks for what only the system can give and names everything that is missing
# at once, with the command that installs it. Sets ATTENDSEG_BASE_PYTHON. In bash, because Python itself may be missing.

_missing=()  # for people, one line each
_apt=()      # Debian and Ubuntu packages that bring it

_need() { # description, apt packages...
  _missing+=("$1")
  _apt+=("${@:2}")
}

# Takes the first suitable Python that is complete, or else the first suitable one. Sets _lacks, see _probe.
_find_python() {
  local name found answer names=(python3 python3.{14,13,12,11,10})
  # ROS's own packages are built for the system's Python, which another one may hide.
  [[ $ATTENDSEG_ROS == wheels ]] || names+=(/usr/bin/python3)
  ATTENDSEG_BASE_PYTHON=''
  for name in "${names[@]}"; do
    found=$(PATH=$ATTENDSEG_PATH command -v "$name") || continue
    answer=$("$found" -c "$_probe" 2>/dev/null) || continue
    if [[ $answer == complete || (-n $answer && -z $ATTENDSEG_BASE_PYTHON) ]]; then
      ATTENDSEG_BASE_PYTHON=$found _lacks=" $answer "
    fi
    [[ $answer != complete ]] || return 0
  done
}

# Prints 'complete', or what of this Python is missing; nothing when its version does not suit.
_probe='
import importlib.util, os, sys, sysconfig
if (3, 10) <= sys.version_info < (3, 15):
    lacks = []
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        lacks.append("venv")
    if not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        lacks.append("dev")
    if os.environ["ATTENDSEG_ROS"] == "sourced":
        try:
            import rclpy  # fails in a Python of another version than this ROS was built for
        except ImportError:
            lacks.append("rclpy")
    print(" ".join(lacks) or "complete")
'

_check_node() {
  local version
  if ! command -v node >/dev/null; then
    _missing+=('Node.js 20.20.2 or newer. Distributions often carry an older one: use nvm ("nvm install 22") or the NodeSource packages')
    return
  fi
  version=$(node --version) version=${version#v}
  if [[ $version != "$(printf '%s\n' "$version" 20.20.2 | sort -V | tail -n 1)" ]]; then
    _missing+=("Node.js 20.20.2 or newer; $(command -v node) is $version. Use nvm (\"nvm install 22\") or the NodeSource packages")
  fi
  command -v npm >/dev/null || _need "npm, Node.js's package manager" npm
}

_check_python() {
  local version
  _find_python
  if [[ -z $ATTENDSEG_BASE_PYTHON ]]; then
    _need 'Python 3.10 to 3.14' python3 python3-venv python3-dev
    return
  fi
  version=python3
  [[ $(readlink -f "$ATTENDSEG_BASE_PYTHON") == $(readlink -f /usr/bin/python3) ]] || version=$(basename "$(readlink -f "$ATTENDSEG_BASE_PYTHON")")
  # A sourced ROS 2 needs a virtual environment and rclpy only for the tests, and headers only to build message packages.
  if [[ $_lacks == *' rclpy '* && $ATTENDSEG_FOR == test ]]; then
    _need "a Python that can import the sourced ROS's rclpy ($ATTENDSEG_BASE_PYTHON cannot)" "ros-$ROS_DISTRO-rclpy"
  fi
  if [[ $_lacks == *' venv '* && ($ATTENDSEG_ROS == wheels || $ATTENDSEG_FOR == test) ]]; then
    _need "the venv module of $ATTENDSEG_BASE_PYTHON" "$version-venv"
  fi
  if [[ $_lacks == *' dev '* ]] && { [[ $ATTENDSEG_ROS == wheels ]] || ! _attendseg_has vision_msgs || ! _attendseg_has bond; }; then
    _need "the C headers (Python.h) of $ATTENDSEG_BASE_PYTHON" "$version-dev"
  fi
}

_check_compiler() {
  local version
  command -v make >/dev/null || _need make make
  version=$(g++ -dumpversion 2>/dev/null) || version=0
  ((${version%%.*} >= 9)) || _need 'a C++17 compiler: g++ 9 or newer' g++
}

_check_wheels() {
  [[ $ATTENDSEG_ROS == wheels ]] || return 0
  if [[ $(uname -s) != Linux || $(uname -m) != x86_64 ]] || ! getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
    _missing+=("a sourced ROS 2: its wheels exist only for Linux on x86-64 with glibc, and this is $(uname -s) on $(uname -m).
    On Ubuntu: add ROS's package source (docs.ros.org: Installation, deb packages), then
    apt-get install ros-$ROS_DISTRO-ros-base ros-$ROS_DISTRO-vision-msgs, then source /opt/ros/$ROS_DISTRO/setup.bash")
  fi
}

_check_node
_check_python
_check_compiler
_check_wheels

if ((${#_missing[@]})); then
  {
    echo 'attendseg: this machine lacks what only its system can give:'
    printf '  - %s\n' "${_missing[@]}"
    if ((${#_apt[@]})); then
      _sudo='sudo '
      ((EUID)) || _sudo=''
      echo 'On Debian and Ubuntu:'
      echo "    ${_sudo}apt-get update && ${_sudo}apt-get install -y ${_apt[*]}"
    fi
    echo 'Then run the same command again.'
  } >&2
  exit 1
fi
export ATTENDSEG_BASE_PYTHON
