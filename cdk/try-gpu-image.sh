#!/usr/bin/env bash
# Builds what the GPU image has in /worker in a folder instead, without docker: 230 MB from the npm
# registry. Then starts the worker from there: with CUDA 13 and cuDNN 9 on this machine it has to pass
# its gate, without it has to refuse to start.
#
#     cdk/try-gpu-image.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-build/gpu-worker-tried}")

npx tsx cdk/bundle/write-gpu-context.ts "$folder"
(cd "$folder" && ./install.sh)
cp -r "$folder"/app/. "$folder"
echo "$(du -sm "$folder/node_modules" | cut -f1) MB of packages in $folder/node_modules"

if (cd "$folder" && ./check-libraries.sh node_modules); then
  echo "every library is here: the worker's gate has to pass"
  wanted="worker started"
else
  echo "libraries are missing: the worker's gate has to refuse"
  wanted="CUDA did not pass its check"
fi
# nothing listens on port 9: a worker that starts finds no queue, and is stopped
log=$(cd "$folder" && AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_REGION=us-east-1 \
  AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none BUCKET_NAME=none PROVIDER=cuda \
  GPU_QUEUE_URL=http://127.0.0.1:9/000000000000/none timeout 60 node index.mjs 2>&1 || true)
if ! grep -qF "$wanted" <<<"$log"; then
  printf 'wanted "%s", the worker said:\n%s\n' "$wanted" "$log" >&2
  exit 1
fi
echo "the worker said so: $wanted"
