#!/bin/bash
# enter.sh COMMAND…: runs a command where the API server, pods and NodePorts of the cluster are in reach, with KUBECONFIG set.
. "$(dirname "$0")/settings.sh"
exec nsenter --net="/run/netns/$NETNS" "$@"
