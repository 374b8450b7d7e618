#!/usr/bin/env bash
# Puts the packages that build_onnxruntime.sh made in the place of npm's: replace_onnxruntime.sh NODE_MODULES FOLDER
set -euo pipefail

modules=${1:?which node_modules} folder=${2:?which folder has onnxruntime-common-*.tgz and onnxruntime-node-*.tgz}
for part in common node; do
  files=("$folder/onnxruntime-$part"-*.tgz)
  if [[ ! -e ${files[0]} || ${#files[@]} != 1 ]]; then
    echo "replace_onnxruntime.sh: $folder should hold one onnxruntime-$part-*.tgz; build it anew" >&2
    exit 1
  fi
done
for part in common node; do
  rm -rf "$modules/onnxruntime-$part"
  mkdir "$modules/onnxruntime-$part"
  # npm packs everything into a folder called package.
  tar -xzf "$folder/onnxruntime-$part"-*.tgz -C "$modules/onnxruntime-$part" --strip-components 1
done
