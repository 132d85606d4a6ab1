#!/usr/bin/env bash
# On the machine with the card, with every part of the kit gathered in one folder: unpacks it and
# measures. Arguments after the folder go to measure.ts. Ends with 0 if the GPU workers' gate passes
# and all that was asked for ran.
#
#   bash run.sh FOLDER [--only gate,check,time,job] [--out DIR] [--provider cpu]
set -euo pipefail
root=$(cd "$1" && pwd)
shift
if [ ! -f "$root/.unpacked" ]; then
  cat "$root"/runtime.part-* | tar xJ -C "$root"
  cat "$root"/provider.part-* | tar xz -C "$root" --wildcards '*/libonnxruntime_providers_cuda.so' '*/libonnxruntime_providers_shared.so'
  mv "$root"/package/Plugins/Linux/x64/*.so "$root/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/"
  touch "$root/.unpacked"
fi
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/cuda-13.0/targets/x86_64-linux/lib:/usr/lib/x86_64-linux-gnu
exec "$root/package/bin/node" "$root/measure.mjs" "$root/model.onnx" "$@"
