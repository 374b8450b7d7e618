# shellcheck shell=bash
# Source this file (bash) to enter the project's ROS 2 environment.
#
# A ROS 2 that is already sourced stays as it is; only the overlay of message packages that it lacks (vision_msgs, bond)
# is added, if it was built. Otherwise the environment is that of ROS 2 from wheels in .ros/, which scripts/setup.sh makes.
# Sourcing it twice, or for another ROS_DISTRO, is fine.
#
# Sets, beside ROS's own variables:
#   ATTENDSEG_ROS      wheels | sourced
#   ATTENDSEG_ROS_DIR  the virtual environment of this ROS: all of ROS (wheels), or only the test tools (sourced)
#   ATTENDSEG_PATH     PATH without .ros/, for finding the system's own Python

_attendseg_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# Prints the colon-separated list $1 without the entries below .ros/ and without empty ones.
_attendseg_strip() {
  local entry kept='' entries
  IFS=: read -r -a entries <<<"$1"
  for entry in ${entries[@]+"${entries[@]}"}; do
    [[ -z $entry || $entry == "$_attendseg_root/.ros/"* ]] || kept+=${kept:+:}$entry
  done
  printf '%s' "$kept"
}

# Puts $2 in front of the colon-separated list called $1.
_attendseg_prepend() {
  export "$1=$2${!1:+:${!1}}"
}

# Does any prefix of AMENT_PREFIX_PATH hold the package $1?
_attendseg_has() {
  local prefix prefixes
  IFS=: read -r -a prefixes <<<"$AMENT_PREFIX_PATH"
  for prefix in ${prefixes[@]+"${prefixes[@]}"}; do
    [[ -e $prefix/share/$1/package.xml ]] && return 0
  done
  return 1
}

_attendseg_enter() {
  local name folder overlay
  for name in AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH PATH; do
    export "$name=$(_attendseg_strip "${!name:-}")"
  done
  ATTENDSEG_PATH=$PATH
  # With this one left set, rclnodejs compiles itself anew at every start.
  unset RCLNODEJS_FORCE_BUILD

  if _attendseg_has rcl; then
    ATTENDSEG_ROS=sourced
    case ${ROS_DISTRO:-} in
      humble | jazzy | kilted | lyrical) ;;
      *)
        echo "attendseg: the sourced ROS 2 is '${ROS_DISTRO:-unknown}'; supported are humble, jazzy, kilted and lyrical." >&2
        echo "Source one of those, or none: then ROS 2 Jazzy is installed into .ros/." >&2
        return 1
        ;;
    esac
  else
    ATTENDSEG_ROS=wheels
    export ROS_DISTRO=${ROS_DISTRO:-jazzy}
    case $ROS_DISTRO in
      jazzy | kilted) ;;
      humble | lyrical)
        echo "attendseg: ROS_DISTRO is '$ROS_DISTRO', but no ROS 2 is sourced, and only jazzy and kilted exist as wheels." >&2
        echo "Run 'source /opt/ros/$ROS_DISTRO/setup.bash' first, or unset ROS_DISTRO." >&2
        return 1
        ;;
      *)
        echo "attendseg: ROS_DISTRO is '$ROS_DISTRO'; without a sourced ROS 2 it may be jazzy (the default) or kilted." >&2
        return 1
        ;;
    esac
  fi

  ATTENDSEG_ROS_DIR=$_attendseg_root/.ros/$ROS_DISTRO
  [[ $ATTENDSEG_ROS == wheels ]] || ATTENDSEG_ROS_DIR+=-sourced
  overlay=$ATTENDSEG_ROS_DIR-overlay
  export ATTENDSEG_ROS ATTENDSEG_ROS_DIR ATTENDSEG_PATH

  if [[ $ATTENDSEG_ROS == wheels ]]; then
    export ROS_VERSION=2 ROS_PYTHON_VERSION=3 RMW_IMPLEMENTATION=rmw_fastrtps_cpp
    # The wheels' Python start-up hook would set LD_LIBRARY_PATH and start Python a second time: done here once for all.
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    export AMENT_PREFIX_PATH=$ATTENDSEG_ROS_DIR
    for folder in "$ATTENDSEG_ROS_DIR"/lib/python3*/site-packages/ros_*.libs "$ATTENDSEG_ROS_DIR/lib"; do
      [[ ! -d $folder ]] || _attendseg_prepend LD_LIBRARY_PATH "$folder"
    done
    _attendseg_prepend CMAKE_PREFIX_PATH "$ATTENDSEG_ROS_DIR"
    _attendseg_prepend PATH "$ATTENDSEG_ROS_DIR/bin"
  elif _attendseg_has vision_msgs && _attendseg_has bond; then
    return 0
  fi
  [[ -d $overlay ]] || return 0
  _attendseg_prepend AMENT_PREFIX_PATH "$overlay"
  _attendseg_prepend CMAKE_PREFIX_PATH "$overlay"
  _attendseg_prepend LD_LIBRARY_PATH "$overlay/lib"
  for folder in "$overlay"/lib/python3*/site-packages "$overlay"/local/lib/python3*/dist-packages; do
    [[ ! -d $folder ]] || _attendseg_prepend PYTHONPATH "$folder"
  done
}

_attendseg_enter
