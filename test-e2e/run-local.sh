#!/bin/bash
# run-local.sh [VITEST-ARGUMENT…]: the tests of the real-cluster tier on a cluster of its own: three nodes without Docker or a registry
# (cluster/README.md). Installs what is missing, and stops all it started, also when a test fails. KEEP=1 leaves the cluster up, until the next run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
[ "$(id -u)" = 0 ] || { echo 'make e2e-local needs root (namespaces, control groups); make e2e runs the same tests on kind' >&2; exit 1; }
version=$(node -p 'require("./package.json").version')

"$here/cluster/install.sh"
"$here/cluster/build.sh"
archives=$("$here/cluster/build-images.sh" "$version")
"$here/cluster/down.sh"   # one that KEEP left
trap '[ -n "${KEEP:-}" ] || "$here/cluster/down.sh"' EXIT
"$here/cluster/up.sh" 3
# shellcheck disable=SC2086 — one word an archive
"$here/cluster/load.sh" $archives
"$here/cluster/enter.sh" node_modules/.bin/node node_modules/vitest/vitest.mjs run --config test-e2e/vitest.config.ts "$@"
