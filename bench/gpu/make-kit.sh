#!/usr/bin/env bash
# The kit by its file: bench/gpu/make-kit.sh MODEL.onnx [--reference ascent.py] [--out FOLDER]
set -euo pipefail
model=$(realpath -e "${1:?"usage: make-kit.sh MODEL.onnx [--reference ascent.py] [--out FOLDER]"}")
exec npm run --silent --prefix "$(dirname "$0")/../.." bench:gpu -- --model "$model" "${@:2}"
