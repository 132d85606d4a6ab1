#!/usr/bin/env bash
# Lints both templates and deploys the stack, without GPU workers, on a CloudFormation emulator on
# this machine: `pip install cfn-lint 'moto[server]'` first. No AWS account is involved.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in cfn-lint moto_server; do
  if ! command -v "$tool" >/dev/null; then
    echo "$tool is not installed; run: pip install cfn-lint 'moto[server]'" >&2
    exit 1
  fi
done

out=$(mktemp -d)
port=${MOTO_PORT:-5566}
moto_server --host 127.0.0.1 --port "$port" >"$out/moto.log" 2>&1 &
moto=$!
trap 'kill "$moto"; rm -rf "$out"' EXIT

for gpu in none batch; do
  npm run --silent synth -- -c "gpu=$gpu" --output "$out/$gpu"
  # only errors: warnings are about what CDK itself writes
  cfn-lint --non-zero-exit-code error --ignore-checks W --template "$out/$gpu/Dreamgrid.template.json"
done

# the name has to be localhost: CDK's command line puts buckets into the path for it alone
export AWS_ENDPOINT_URL="http://localhost:$port" AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing
for _ in $(seq 50); do
  curl --silent --output /dev/null "$AWS_ENDPOINT_URL" && break
  sleep 0.2
done
npx cdk bootstrap aws://123456789012/us-east-1
npx cdk deploy --app "$out/none" --method=direct --require-approval never
