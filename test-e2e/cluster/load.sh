#!/bin/bash
# load.sh ARCHIVE…: puts image archives into every node. Pods name them with imagePullPolicy IfNotPresent or Never.
. "$(dirname "$0")/settings.sh"
imports=()
for folder in "$NODES"/n*; do
  for archive in "$@"; do
    "$CLUSTER_DIR/node.sh" enter "${folder##*/n}" ctr -n k8s.io images import "$(realpath "$archive")" >/dev/null &
    imports+=($!)
  done
done
for import in "${imports[@]}"; do wait "$import"; done
