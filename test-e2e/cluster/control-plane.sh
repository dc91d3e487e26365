#!/bin/bash
# control-plane.sh start|stop NAME: one program of the control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.
. "$(dirname "$0")/settings.sh"
verb=$1 name=$2 pid_file=$PIDS/$2

etcd_flags() {
  local url=http://127.0.0.1
  # Without fsync: the data lives no longer than the test.
  echo "--data-dir=$STATE/etcd --listen-client-urls=$url:12379 --advertise-client-urls=$url:12379
    --listen-peer-urls=$url:12380 --initial-advertise-peer-urls=$url:12380 --initial-cluster=default=$url:12380
    --unsafe-no-fsync --log-level=warn"
}

# Tolerations of 5 s: pods leave a dead node soon, where Kubernetes' default would be 5 minutes.
kube_apiserver_flags() {
  echo "--etcd-servers=http://127.0.0.1:12379 --advertise-address=$CONTROL_PLANE --bind-address=0.0.0.0 --secure-port=6443
    --service-cluster-ip-range=$SERVICE_CIDR --allow-privileged=true
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
    --default-not-ready-toleration-seconds=5 --default-unreachable-toleration-seconds=5
    --client-ca-file=$KEYS/ca.crt --tls-cert-file=$KEYS/apiserver.crt --tls-private-key-file=$KEYS/apiserver.key
    --kubelet-client-certificate=$KEYS/apiserver-kubelet.crt --kubelet-client-key=$KEYS/apiserver-kubelet.key
    --kubelet-preferred-address-types=InternalIP
    --service-account-issuer=https://kubernetes.default.svc.cluster.local
    --service-account-key-file=$KEYS/service-accounts.pub --service-account-signing-key-file=$KEYS/service-accounts.key
    --requestheader-client-ca-file=$KEYS/front-proxy-ca.crt --requestheader-allowed-names=front-proxy
    --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group
    --requestheader-username-headers=X-Remote-User
    --proxy-client-cert-file=$KEYS/front-proxy.crt --proxy-client-key-file=$KEYS/front-proxy.key"
}

client_flags() {
  local config=$KUBECONFIGS/$1
  echo "--kubeconfig=$config --authentication-kubeconfig=$config --authorization-kubeconfig=$config
    --bind-address=127.0.0.1 --leader-elect=false"
}

kube_controller_manager_flags() {
  echo "$(client_flags controller-manager) --use-service-account-credentials=true --allocate-node-cidrs=false
    --root-ca-file=$KEYS/ca.crt --service-account-private-key-file=$KEYS/service-accounts.key
    --cluster-signing-cert-file=$KEYS/ca.crt --cluster-signing-key-file=$KEYS/ca.key
    --node-monitor-grace-period=10s --node-monitor-period=1s"
}

kube_scheduler_flags() { client_flags scheduler; }

start() {
  local flags
  flags=$("${name//-/_}_flags")
  # shellcheck disable=SC2086 — the flags hold no spaces of their own
  setsid nsenter --net="/run/netns/$NETNS" "$BIN/$name" $flags >> "$LOGS/$name.log" 2>&1 < /dev/null &
  echo $! > "$pid_file"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# At once: what it would save lives no longer than the test.
stop() {
  [ -e "$pid_file" ] || return 0
  local pid
  pid=$(cat "$pid_file")
  kill -9 "$pid" 2>/dev/null || true
  await 20 "the end of $name" gone "$pid"
  rm "$pid_file"
}

"$verb"
