#!/usr/bin/env bash
# Sends a request to a deployed pipeline's API, signed with SigV4, waits for its job and fetches the
# sheet.
#
#     examples/cloud/call-api.sh API_URL REQUEST.json [SHEET.png]
#
# Credentials and region are read from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
# AWS_SESSION_TOKEN and AWS_REGION or AWS_DEFAULT_REGION. `eval "$(aws configure export-credentials --format env)"` sets those
# of a profile. Deployed with -c auth=api-key, the API wants API_KEY instead.
set -euo pipefail

api=${1:?wanted: call-api.sh API_URL REQUEST.json [SHEET.png]}
request=${2:?wanted: call-api.sh API_URL REQUEST.json [SHEET.png]}
sheet=${3:-sheet.png}
api=${api%/}

# What curl signs or sends, as its own settings: arguments can be read by every user of the machine.
credentials() {
  if [ -n "${API_KEY:-}" ]; then
    echo "header = \"x-api-key: $API_KEY\""
    return
  fi
  echo "aws-sigv4 = \"aws:amz:${AWS_REGION:-${AWS_DEFAULT_REGION:?}}:execute-api\""
  echo "user = \"${AWS_ACCESS_KEY_ID:?}:${AWS_SECRET_ACCESS_KEY:?}\""
  if [ -n "${AWS_SESSION_TOKEN:-}" ]; then
    echo "header = \"x-amz-security-token: $AWS_SESSION_TOKEN\""
  fi
}

call() {
  local settings
  settings=$(credentials)
  curl --silent --show-error --fail-with-body --config <(echo "$settings") "$@"
}

# field JSON PATH: the value under a path such as sheet.montage, or nothing
field() {
  node -e 'const [json, path] = process.argv.slice(1);
    const value = path.split(".").reduce((object, name) => object?.[name], JSON.parse(json));
    if (value != null) console.log(value);' "$1" "$2"
}

# the same request is the same job, so a call whose answer was lost can be repeated
if ! accepted=$(
  call --header "content-type: application/json" --data-binary "@$request" "$api/jobs"
); then
  echo "$accepted" >&2
  exit 1
fi
job=$(field "$accepted" jobId)
echo "job $job is accepted"

while :; do
  answer=$(call "$api/jobs/$job")
  state=$(field "$answer" state)
  echo "$state: $(field "$answer" ok) of $(field "$answer" total) channels rendered"
  case $state in queued | running | cancelling) sleep "${POLL_SECONDS:-5}" ;; *) break ;; esac
done

# a presigned link: it has its own signature, and takes no other
curl --silent --show-error --fail --output "$sheet" "$(field "$answer" sheet.montage)"
echo "the sheet is $sheet"
