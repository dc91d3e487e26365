#!/bin/bash
# down.sh: stops everything that up.sh started, by process id, and removes every trace but the cache. Safe to run at any time.
. "$(dirname "$0")/settings.sh"
. "$CLUSTER_DIR/cgroup.sh"
shopt -s nullglob
for folder in "$NODES"/n*; do "$CLUSTER_DIR/node.sh" stop "${folder##*/n}" & done
wait
for program in kube-scheduler kube-controller-manager kube-apiserver etcd; do "$CLUSTER_DIR/control-plane.sh" stop "$program"; done
if [ -e "/run/netns/$NETNS" ]; then ip netns del "$NETNS"; fi
cgroup_remove_all
if [ -e "$STATE/sysctl.conf" ]; then sysctl -q --load "$STATE/sysctl.conf"; fi
rm -rf "$STATE"
