#!/usr/bin/env bash
# Every check of the cloud that this machine can do: the templates' tests, the packed functions through a
# whole job, and with Python's moto and cfn-lint a lint of all templates and a deployment on an emulator.
set -euo pipefail
cd "$(dirname "$0")/.."

DREAMGRID_TEST_CLOUD=1 npx vitest run test/cdk test/functions test/examples/cloud.test.ts
for tool in cfn-lint moto_server; do
  command -v "$tool" >/dev/null && continue
  echo "left out: lint and deployment on an emulator; for them: pip install cfn-lint 'moto[server]'" >&2
  exit 0
done
cdk/try-emulator.sh
