#!/usr/bin/env bash
# Builds ONNX Runtime with TensorRT, CUDA and the binding for Node.js, all of one version:
#   ONNXRUNTIME=1.26.0 JOBS=2 CUDA_HOME=… CUDA_ARCHITECTURES=87 build_onnxruntime.sh DESTINATION
# DESTINATION gets the two packages as npm has them, onnxruntime-common and onnxruntime-node.
set -euo pipefail

destination=${1:?where to}
: "${ONNXRUNTIME:?which version}" "${CUDA_HOME:?where CUDA is}" "${CUDA_ARCHITECTURES:?which GPUs}"
jobs=${JOBS:-2}

apt-get update
apt-get install -y --no-install-recommends build-essential ca-certificates curl git python3-pip python3-venv xz-utils
python3 -m venv /opt/build/venv
# ONNX Runtime needs CMake 3.28 or later; 4 refuses some of its dependencies.
/opt/build/venv/bin/pip install --no-cache-dir cmake==3.31.6 ninja packaging
export PATH=/opt/build/venv/bin:$PATH

# npm, to build the JavaScript part.
node=v22.20.0
curl -fsSL "https://nodejs.org/dist/$node/node-$node-linux-arm64.tar.xz" | tar -xJ -C /opt/build
export PATH=/opt/build/node-$node-linux-arm64/bin:$PATH

git clone --depth 1 --branch "v$ONNXRUNTIME" --recurse-submodules --shallow-submodules \
  https://github.com/microsoft/onnxruntime.git /opt/build/onnxruntime
cd /opt/build/onnxruntime

# Full CUDA: with onnxruntime_CUDA_MINIMAL=ON the providers have missing symbols from 1.29 on. Flash and memory-efficient
# attention take hours to compile, and this network has none.
python3 tools/ci_build/build.py --build_dir build --config Release --update --build --skip_submodule_sync --skip_tests \
  --allow_running_as_root --build_shared_lib --build_nodejs --parallel "$jobs" --nvcc_threads 1 \
  --use_cuda --cuda_home "$CUDA_HOME" --cudnn_home /usr --use_tensorrt --tensorrt_home /usr \
  --cmake_extra_defines "CMAKE_CUDA_ARCHITECTURES=$CUDA_ARCHITECTURES" CMAKE_POLICY_VERSION_MINIMUM=3.5 \
  onnxruntime_USE_FLASH_ATTENTION=OFF onnxruntime_USE_MEMORY_EFFICIENT_ATTENTION=OFF

mkdir -p "$destination"
for part in common node; do
  (cd "js/$part" && npm pack --pack-destination "$destination")
done

# What npm's package for this machine has not, and what this was built for.
binding=js/node/bin/napi-v6/linux/arm64
for file in onnxruntime_binding.node libonnxruntime_providers_tensorrt.so libonnxruntime_providers_shared.so; do
  [[ -e $binding/$file ]] || { echo "build_onnxruntime.sh: $binding/$file was not built" >&2; exit 1; }
done
undefined=$(nm -D --undefined-only "$binding/libonnxruntime_providers_tensorrt.so" | grep -c ' U onnxruntime' || true)
[[ $undefined == 0 ]] || { echo "build_onnxruntime.sh: the TensorRT provider lacks $undefined symbols" >&2; exit 1; }
