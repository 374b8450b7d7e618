#!/usr/bin/env bash
# Writes what compose.yaml needs to know of this board and user: .env and compose.override.yaml beside it, and the folder for
# engines. Says what is missing. Run it as the user whose processes the cameras belong to, not as root.
#   host.sh [--root DIR]      DIR: looks for devices there instead of in /
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=''
if [[ ${1:-} == --root ]]; then root=${2:?which folder}; fi
data=${ATTENDSEG_DATA:-$HOME/.local/share/attendseg}

if [[ $(id -u) == 0 && -z ${ATTENDSEG_ALLOW_ROOT:-} ]]; then
  echo "host.sh: run it as the user whose camera processes the node is to see, without sudo" >&2
  exit 1
fi

release=$(head -n 1 "$root/etc/nv_tegra_release" 2>/dev/null || true)
case $release in
  *R36*) jetpack=6.2 ;;
  *R39*) jetpack=7.2 ;;
  '') echo "host.sh: $root/etc/nv_tegra_release is missing: this is no Jetson, or its system is not Jetson Linux" >&2; exit 1 ;;
  *) echo "host.sh: Jetson Linux '$release' is neither R36 (JetPack 6) nor R39 (JetPack 7.2): no image fits it" >&2; exit 1 ;;
esac

# A user other than root reaches the GPU by the numeric groups of its devices.
shopt -s nullglob
devices=("$root"/dev/nvmap "$root"/dev/nvhost-* "$root"/dev/nvgpu/* "$root"/dev/nvgpu/*/* "$root"/dev/dri/renderD*)
groups=()
for device in "${devices[@]}"; do
  [[ -d $device || ! -e $device ]] || groups+=("$(stat -c %g "$device")")
done
if [[ ${#groups[@]} == 0 ]]; then
  echo "host.sh: no GPU devices in $root/dev (nvmap, nvhost-*, nvgpu, dri): is this a Jetson, and its driver loaded?" >&2
  exit 1
fi

mkdir -p "$data"
cat > "$here/.env" <<EOF
JETPACK=$jetpack
HOST_UID=$(id -u)
HOST_GID=$(id -g)
DATA=$data
EOF
{
  echo 'services:'
  for service in attendseg engine; do
    printf '  %s:\n    group_add:\n' "$service"
    printf '%s\n' "${groups[@]}" | sort -un | sed 's/.*/      - "&"/'
  done
} > "$here/compose.override.yaml"
echo "JetPack $jetpack, user $(id -u):$(id -g), groups $(printf '%s\n' "${groups[@]}" | sort -un | paste -sd ' '), data in $data"
