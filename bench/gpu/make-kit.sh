#!/usr/bin/env bash
# The kit by its file: bench/gpu/make-kit.sh MODEL.onnx [--reference ascent.py] [--out FOLDER]
set -euo pipefail
: "${1:?"usage: make-kit.sh MODEL.onnx [--reference ascent.py] [--out FOLDER]"}"
root=$(realpath "$(dirname "$0")/../..")
# from where it is called: npm run would look for relative paths in the checkout
exec "$root/node_modules/.bin/tsx" "$root/bench/gpu/main.ts" --model "$@"
