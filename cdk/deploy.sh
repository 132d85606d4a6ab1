#!/usr/bin/env bash
# Asks for the account's quotas, and deploys where they allow the stack: `npm run deploy -- [options of
# cdk deploy]`. Where the quotas are to be ignored: `npx cdk deploy`.
set -euo pipefail
cd "$(dirname "$0")/.."

# the settings and the profile among the options, which are for both
settings=()
for ((i = 1; i <= $#; i++)); do
  next=$((i + 1))
  case "${!i}" in
    -c | --context) settings+=(-c "${!next:-}") ;;
    --context=*) settings+=(-c "${!i#--context=}") ;;
    -c=*) settings+=(-c "${!i#-c=}") ;;
    --profile) export AWS_PROFILE="${!next:-}" ;;
    --profile=*) export AWS_PROFILE="${!i#--profile=}" ;;
  esac
done
node local/bin/dreamgrid.mjs doctor --cloud ${settings[@]+"${settings[@]}"} || {
  echo "not deployed; to deploy all the same: npx cdk deploy $*" >&2
  exit 1
}
exec npx cdk deploy "$@"
