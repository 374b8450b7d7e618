#!/usr/bin/env bash
# NVIDIA's apt sources for a release of Jetson Linux, and from them CUDA and TensorRT 10: add_jetson_apt.sh r39.2
set -euo pipefail

release=${1:?which release of Jetson Linux, such as r39.2}
key=/usr/share/keyrings/jetson-ota-public.asc

apt-get update
apt-get install -y --no-install-recommends ca-certificates curl
curl -fsSL https://repo.download.nvidia.com/jetson/jetson-ota-public.asc -o "$key"
for part in common som; do
  echo "deb [signed-by=$key] https://repo.download.nvidia.com/jetson/$part $release main"
done > /etc/apt/sources.list.d/jetson.list

# TensorRT 11 does not support JetPack, and its trtexec has no --int8.
cat > /etc/apt/preferences.d/tensorrt <<'EOF'
Package: libnvinfer* libnvonnxparsers* tensorrt*
Pin: version 10.*
Pin-Priority: 1001
EOF

apt-get update
apt-get install -y --no-install-recommends cuda-toolkit-13-2 libcudnn9-dev-cuda-13 libnvinfer-dev libnvinfer-plugin-dev \
  libnvonnxparsers-dev
rm -rf /var/lib/apt/lists/*
