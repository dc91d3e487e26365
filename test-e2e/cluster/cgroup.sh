# Control groups of the nodes, under version 1 (one tree a controller) and version 2 (one tree). Sourced after settings.sh.
CGROUP_ROOT=/sys/fs/cgroup
CGROUP_PARENT=warren-e2e

# The roots of all trees that processes are put into.
cgroup_trees() {
  if [ -e "$CGROUP_ROOT/cgroup.controllers" ]; then
    echo "$CGROUP_ROOT"
  else
    local controller
    for controller in cpu cpuacct cpuset memory devices freezer blkio pids perf_event hugetlb systemd; do
      [ ! -e "$CGROUP_ROOT/$controller/cgroup.procs" ] || echo "$CGROUP_ROOT/$controller"
    done
  fi
}

# cgroup_ready TREE PATH: makes one group fit to hold processes and, in version 2, children with all controllers.
cgroup_ready() {
  local group=$1/$2 parent controller file
  parent=$(dirname "$group")
  if [ -e "$1/cgroup.controllers" ]; then
    for controller in $(cat "$parent/cgroup.controllers"); do
      echo "+$controller" > "$parent/cgroup.subtree_control" 2>/dev/null || true
    done
  fi
  mkdir -p "$group"
  # A new cpuset group of version 1 is empty, and no process may enter it so.
  for file in cpuset.cpus cpuset.mems; do
    [ -e "$1/cgroup.controllers" ] || [ ! -e "$group/$file" ] || cat "$1/$file" > "$group/$file"
  done
}

# cgroup_make NODE: the node's group (the kubelet makes those of its pods below it) and that of the node's daemons.
cgroup_make() {
  local tree
  for tree in $(cgroup_trees); do
    cgroup_ready "$tree" "$CGROUP_PARENT"
    cgroup_ready "$tree" "$CGROUP_PARENT/$1"
    cgroup_ready "$tree" "$CGROUP_PARENT/$1/daemons"
  done
}

# cgroup_enter NODE PID
cgroup_enter() {
  local tree
  for tree in $(cgroup_trees); do echo "$2" > "$tree/$CGROUP_PARENT/$1/daemons/cgroup.procs"; done
}

# Also from trees that only the container runtime has put processes into.
cgroup_remove_all() {
  local group
  for group in "$CGROUP_ROOT/$CGROUP_PARENT" "$CGROUP_ROOT"/*/"$CGROUP_PARENT"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
  done
}
