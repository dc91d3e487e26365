#!/bin/bash
# up.sh [NODES]: brings up the control plane and NODES (three) nodes. Ends when every node is Ready and cluster DNS answers;
# when it cannot, it shows the logs and takes everything down again.
. "$(dirname "$0")/settings.sh"
nodes=${1:-3}
[ "$(id -u)" = 0 ] || { echo 'the cluster needs root: it makes namespaces and control groups' >&2; exit 1; }
[ ! -e "/run/netns/$NETNS" ] || { echo 'a cluster is up already; down.sh takes it down' >&2; exit 1; }

started=$(date +%s%N)
say() { printf '%5d ms  %s\n' $((($(date +%s%N) - started) / 1000000)) "$1"; }

give_up() {
  trap - EXIT
  tail -n 15 "$LOGS"/*.log >&2 || true
  "$CLUSTER_DIR/down.sh"
  echo 'the cluster did not come up' >&2
  exit 1
}

make_network() {
  ip netns add "$NETNS"
  ip -n "$NETNS" link set lo up
  ip -n "$NETNS" link add "$BRIDGE" type bridge
  ip -n "$NETNS" address add "$CONTROL_PLANE/24" dev "$BRIDGE"
  ip -n "$NETNS" link set "$BRIDGE" up
  in_network sysctl -qw net.ipv4.ip_forward=1
}

apply_addons() {
  local file
  for file in "$CLUSTER_DIR"/addons/*.yaml; do
    sed -e "s#@BIN@#$BIN#g; s#@IMAGE@#$BASE_IMAGE#g; s#@DNS_SERVICE@#$DNS_SERVICE#g" "$file"
    echo ---
  done | in_network kubectl apply -f - >> "$LOGS/addons.log" 2>&1
}

# The node's share of the pod network; the controller that would hand it out is off, because routes are laid by node.sh.
admit() {
  await 60 "node n$1" in_network kubectl get node "n$1"
  in_network kubectl patch node "n$1" -p "{\"spec\": {\"podCIDR\": \"10.244.$1.0/24\", \"podCIDRs\": [\"10.244.$1.0/24\"]}}" >/dev/null
  in_network kubectl wait --for=condition=Ready "node/n$1" --timeout=120s >/dev/null
}

"$CLUSTER_DIR/build.sh"
mkdir -p "$LOGS" "$PIDS" "$NODES"
# A kubelet changes these for the whole machine; down.sh puts them back.
sysctl kernel.panic kernel.panic_on_oops vm.overcommit_memory > "$STATE/sysctl.conf"
trap give_up EXIT
"$CLUSTER_DIR/keys.sh" $(seq -f 'n%g' "$nodes")
make_network
"$CLUSTER_DIR/control-plane.sh" start etcd
"$CLUSTER_DIR/control-plane.sh" start kube-apiserver
await 60 'the API server' in_network kubectl get --raw /readyz
say 'the API server is ready'
# Only now: both end at once when the built-in roles are not there yet.
"$CLUSTER_DIR/control-plane.sh" start kube-controller-manager
"$CLUSTER_DIR/control-plane.sh" start kube-scheduler
await 20 'the add-ons' apply_addons
for index in $(seq "$nodes"); do "$CLUSTER_DIR/node.sh" start "$index"; done
for index in $(seq "$nodes"); do admit "$index"; done
say "$nodes nodes are Ready"
in_network kubectl -n kube-system rollout status deployment/coredns --timeout=120s >/dev/null
trap - EXIT
say 'DNS answers'
