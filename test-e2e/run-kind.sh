#!/bin/bash
# run-kind.sh [VITEST-ARGUMENT…]: the tests of the real-cluster tier on kind. Needs Docker, kind, kubectl and helm.
# KEEP=1 leaves the cluster up.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in docker kind kubectl helm; do
  command -v "$program" >/dev/null || { echo "make e2e needs $program; make e2e-local needs neither Docker nor kind" >&2; exit 1; }
done
version=$(node -p 'require("./package.json").version')
cluster=warren-e2e
folder=$(mktemp -d)
export KUBECONFIG=$folder/kubeconfig
trap '[ -n "${KEEP:-}" ] || kind delete cluster --name "$cluster"; rm -r "$folder"' EXIT

make images
kind create cluster --name "$cluster" --config test-e2e/kind.yaml --wait 120s
kind load docker-image --name "$cluster" "warren-broker:$version" "warren-operator:$version"
node_modules/.bin/node node_modules/vitest/vitest.mjs run --config test-e2e/vitest.config.ts "$@"
