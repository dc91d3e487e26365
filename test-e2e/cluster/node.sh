#!/bin/bash
# node.sh start|stop|enter I [COMMAND…]: node nI: boot it, power it off (every process dies at once), run a command inside it.
. "$(dirname "$0")/settings.sh"
. "$CLUSTER_DIR/cgroup.sh"
verb=$1 index=$2
shift 2
node=n$index netns=$NETNS-n$index cable=e2e-n$index folder=$NODES/n$index

ip_of_network() { ip -n "$NETNS" "$@"; }
ip_of_node() { ip -n "$netns" "$@"; }

# A network namespace with a cable to the switch, and routes to the pods of the other nodes.
connect() {
  local address other
  address=$(node_address "$index")
  ip netns add "$netns"
  ip_of_network link add "$cable" type veth peer name eth0 netns "$netns"
  ip_of_network link set "$cable" master "$BRIDGE" up
  ip_of_network route replace "10.244.$index.0/24" via "$address"
  ip_of_node link set lo up
  ip_of_node link set eth0 up
  ip_of_node address add "$address/24" dev eth0
  ip_of_node route add default via "$CONTROL_PLANE"
  for other in $(seq 9); do
    [ "$other" = "$index" ] || ip_of_node route add "10.244.$other.0/24" via "$(node_address "$other")"
  done
}

# child_of PID: sets init to the process that PID has started
child_of() { init=$(tr -d ' ' < "/proc/$1/task/$1/children") && [ -n "$init" ]; }

start() {
  connect
  cgroup_make "$node"
  mkdir -p "$folder"/{kubelet,containerd,pod-logs,volumes}
  setsid nsenter --net="/run/netns/$netns" unshare --mount --pid --uts --ipc --fork --kill-child \
    "$CLUSTER_DIR/node-init.sh" "$index" >> "$LOGS/$node.log" 2>&1 < /dev/null &
  local outer=$! init
  await 5 "the first process of $node" child_of "$outer"
  echo "$init" > "$folder/init.pid"
  cgroup_enter "$node" "$init"
  touch "$folder/may-start"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# The first process holds the pid namespace: with it every process of the node ends.
stop() {
  if [ -e "$folder/init.pid" ]; then
    local init
    init=$(cat "$folder/init.pid")
    kill -9 "$init" 2>/dev/null || true
    await 20 "the end of $node" gone "$init"
    rm "$folder/init.pid"
  fi
  ip_of_network link del "$cable" 2>/dev/null || true
  ip netns del "$netns" 2>/dev/null || true
}

enter() { exec nsenter --target "$(cat "$folder/init.pid")" --net --mount --pid --uts --ipc "$@"; }

"$verb" "$@"
