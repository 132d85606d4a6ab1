#!/usr/bin/env bash
# Asks for the account's quotas, and deploys where they allow the stack: `npm run deploy -- [options of
# cdk deploy]`. Where the quotas are to be ignored: `npx cdk deploy`.
set -euo pipefail
cd "$(dirname "$0")/.."

# the settings among the options, which are for both
settings=()
for ((i = 1; i <= $#; i++)); do
  case "${!i}" in
    -c | --context)
      next=$((i + 1))
      settings+=(-c "${!next:-}")
      ;;
    --context=*) settings+=(-c "${!i#--context=}") ;;
    -c=*) settings+=(-c "${!i#-c=}") ;;
  esac
done
node local/bin/dreamgrid.mjs doctor --cloud ${settings[@]+"${settings[@]}"} || {
  echo "not deployed; to deploy all the same: npx cdk deploy $*" >&2
  exit 1
}
exec npx cdk deploy "$@"
