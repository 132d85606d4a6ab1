#!/usr/bin/env bash
# On the machine with the card, with all files of the kit in one folder: unpacks it and measures.
# Arguments after the folder go to measure.ts; --help says what there is.
#
#   bash run.sh FOLDER [--only check,steps,...] [--out DIR] [--python PYTHON] [--provider cpu] [--tiny]
set -euo pipefail
if [ ! -f "${1:-}/parts.sha256" ]; then
  echo "usage: bash run.sh FOLDER [OPTION ...]; FOLDER has the kit's files, parts.sha256 among them" >&2
  exit 2
fi
root=$(cd "$1" && pwd)
shift
there=$root/unpacked
# what the kit's parts hold whose names begin so; an older kit's may lie beside them
parts() {
  local name
  while read -r _ name; do
    if [[ $name == "$1"* ]]; then cat "$root/$name"; fi
  done <"$root/parts.sha256"
}
# a newer kit in the same folder is unpacked anew
if [ ! -f "$there/parts.sha256" ] || [ "$(<"$root/parts.sha256")" != "$(<"$there/parts.sha256")" ]; then
  (cd "$root" && sha256sum --check --quiet --strict parts.sha256) || {
    echo "the kit in $root is not whole: copy its files again" >&2
    exit 2
  }
  rm -rf "$there"
  mkdir "$there"
  parts programs- | tar xz -C "$there"
  parts app. | tar xz -C "$there"
  parts provider- | tar xz -C "$there" --wildcards '*/libonnxruntime_providers_cuda.so' '*/libonnxruntime_providers_shared.so'
  # ONNX Runtime looks for its CUDA provider beside itself
  mv "$there"/package/Plugins/Linux/x64/*.so "$there/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/"
  cp "$root/parts.sha256" "$there/"
fi
# PyTorch brings its own libraries, and is started with the path as it was
export LD_LIBRARY_PATH_BEFORE=${LD_LIBRARY_PATH:-}
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/cuda-13.0/targets/x86_64-linux/lib:/usr/local/cuda/lib64:/usr/lib/x86_64-linux-gnu
reference=()
if [ -f "$there/reference/ascent.py" ]; then reference=(--reference "$there/reference/ascent.py"); fi
exec "$there/package/bin/node" "$there/bench/gpu/measure.mjs" "${reference[@]}" "$@"
