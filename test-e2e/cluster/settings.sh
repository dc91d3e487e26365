# Names, folders and addresses that the scripts of the cluster share. Sourced, never run.
set -euo pipefail

CLUSTER_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${CLUSTER_STATE:-${TMPDIR:-/tmp}/warren-e2e}                          # of a running cluster; down.sh removes it
CACHE=${CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/warren-e2e}          # programs and images, built once and kept
BIN=$CACHE/bin
IMAGES=$CACHE/images
LOGS=$STATE/logs
PIDS=$STATE/pids
NODES=$STATE/nodes
KEYS=$STATE/keys
KUBECONFIGS=$STATE/kubeconfigs

NETNS=warren-e2e                 # the network namespace that everything lives in
BRIDGE=warren-e2e                # the switch inside it that connects the nodes
NET=172.31.0                     # .1 is the control plane, .1I is node nI
CONTROL_PLANE=$NET.1
POD_CIDR=10.244.0.0/16           # node nI has 10.244.I.0/24
SERVICE_CIDR=10.96.0.0/16
API_SERVICE=10.96.0.1
DNS_SERVICE=10.96.0.10
BASE_IMAGE=warren-e2e.local/busybox:1

export KUBECONFIG=$KUBECONFIGS/admin
# kubectl 1.32 now and then loses the output of a short `exec` over websockets.
export KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false
export PATH=$BIN:$PATH

node_address() { echo "$NET.$((10 + $1))"; }
in_network() { nsenter --net="/run/netns/$NETNS" "$@"; }

# await SECONDS WHAT COMMAND…: runs COMMAND until it succeeds; says WHAT was waited for when the time is over.
await() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "gave up waiting for $what" >&2; return 1; }
    sleep 0.1
  done
}
