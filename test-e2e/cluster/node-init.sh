#!/bin/bash
# node-init.sh I: the first process of node nI. It runs in namespaces of its own (mounts, processes, host name, network), gives the
# node its own /run, /proc, /sys and data folders, starts the node's daemons, and reaps what is orphaned.
. "$(dirname "$0")/settings.sh"
. "$CLUSTER_DIR/cgroup.sh"
index=$1 node=n$1 folder=$NODES/n$1 etc=/run/node

mount_own_folders() {
  local groups
  groups=$(mktemp -d)
  mount --rbind "$CGROUP_ROOT" "$groups"
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount --rbind "$groups" "$CGROUP_ROOT"
  mount -t tmpfs -o mode=755 run /run
  mkdir -p "$etc/cni" /run/lock /run/netns /run/cni \
    /var/lib/kubelet /var/lib/containerd /var/log/pods /var/log/containers /opt/local-path-provisioner
  mount --bind "$folder/kubelet" /var/lib/kubelet
  mount --bind "$folder/containerd" /var/lib/containerd
  mount --bind "$folder/pod-logs" /var/log/pods
  mount -t tmpfs container-logs /var/log/containers
  mount --bind "$folder/volumes" /opt/local-path-provisioner
  mount --make-rshared /
  : > "$etc/resolv.conf"
}

prepare_network() {
  local family
  sysctl -qw net.ipv4.ip_forward=1
  for family in iptables ip6tables; do
    [ ! -e "/proc/sys/net/bridge/bridge-nf-call-$family" ] || echo 1 > "/proc/sys/net/bridge/bridge-nf-call-$family"
  done
  # Refuse a Service address that kube-proxy does not know yet: dropped, a pod that starts early would hang on it for 30 s.
  iptables -A FORWARD -d "$SERVICE_CIDR" -m conntrack --ctstate NEW -j REJECT
}

# The templates name shell variables; only those listed here are filled in.
write_configuration() {
  local template
  for template in "$CLUSTER_DIR"/node-config/*; do
    sed -e "s#@INDEX@#$index#g; s#@NODE@#$node#g; s#@KEYS@#$KEYS#g; s#@KUBECONFIGS@#$KUBECONFIGS#g; s#@ETC@#$etc#g" \
      -e "s#@POD_CIDR@#$POD_CIDR#g; s#@DNS_SERVICE@#$DNS_SERVICE#g; s#@IMAGE@#$BASE_IMAGE#g; s#@CGROUP@#/$CGROUP_PARENT/$node#g" \
      "$template" > "$etc/$(basename "$template")"
  done
  mv "$etc/network.conflist" "$etc/cni/10-e2e.conflist"
}

start_containerd() {
  containerd -c "$etc/containerd.toml" -l warn >> "$LOGS/$node-containerd.log" 2>&1 &
  await 30 containerd ctr version
  local archive
  for archive in "$IMAGES"/*.tar; do ctr -n k8s.io images import "$archive" >/dev/null; done
}

# keep NAME COMMAND…: runs a daemon, and again when it ends
keep() {
  local log=$LOGS/$node-$1.log
  shift
  while :; do
    "$@" >> "$log" 2>&1 || true
    echo "ended; starts again" >> "$log"
    sleep 1
  done
}

hostname "$node"
mount_own_folders
await 10 'the control group' test -e "$folder/may-start"
rm "$folder/may-start"
prepare_network
write_configuration
start_containerd
keep kubelet kubelet --config="$etc/kubelet.yaml" --kubeconfig="$KUBECONFIGS/node-$node" \
  --node-ip="$(node_address "$index")" --hostname-override="$node" &
keep kube-proxy kube-proxy --config="$etc/kube-proxy.yaml" &
keep netpol netpol-agent --kubeconfig="$KUBECONFIGS/netpol" --node="$node" --service-cidr="$SERVICE_CIDR" &
wait
