#!/usr/bin/env bash
# What is written for WebGPU, run there: on this machine's own adapter, or on SwiftShader, the one
# that Chromium plays in software. The figures must be right; how fast they come does not matter.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian's chromium has both the driver and a loader of drivers
chromium=${DREAMGRID_CHROMIUM_FOLDER:-/usr/lib/chromium}
if [ -z "${VK_ICD_FILENAMES:-}${VK_DRIVER_FILES:-}" ] && [ -f "$chromium/vk_swiftshader_icd.json" ]; then
  export VK_ICD_FILENAMES="$chromium/vk_swiftshader_icd.json"
  export LD_LIBRARY_PATH="$chromium${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
if ! npx tsx test/webgpu/has-adapter.ts; then
  echo "no WebGPU adapter here, so its tests are skipped; Debian's chromium brings one" >&2
  exit 0
fi
exec npx vitest run --config vitest.webgpu.config.ts "$@"
