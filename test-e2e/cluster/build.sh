#!/bin/bash
# build.sh: fills the cache with the cluster's programs and its one image. Programs come packed from the folder CLUSTER_PACKED
# (NAME.zst) where it has them (seconds), else they are built with Go from its module proxy (about 12 minutes on two cores).
. "$(dirname "$0")/settings.sh"
LOCAL_PATH_VERSION=v0.0.30
HELM_VERSION=v3.22.0
PROGRAMS=(allinone local-path-provisioner helm)

stamp=$(cat "$CLUSTER_DIR"/programs/*/* "$CLUSTER_DIR"/{build,image-archive}.sh | sha256sum | cut -c1-16)
[ "$(cat "$CACHE/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
mkdir -p "$BIN" "$IMAGES"

go_install() { CGO_ENABLED=0 GOBIN=$BIN go install -trimpath -ldflags '-s -w' "$1"; }

# The versions that the programs report must be linked in; without them the API server calls itself v0.0.0.
build_allinone() {
  cd "$CLUSTER_DIR/programs/kubernetes"
  local version major minor package flags='-s -w'
  version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
  IFS=. read -r major minor _ <<<"${version#v}"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    flags+=" -X $package.gitTreeState=archive -X $package.buildDate=2026-01-01T00:00:00Z"
  done
  CGO_ENABLED=0 go build -trimpath -ldflags "$flags" -o "$BIN/allinone" .
}
build_local-path-provisioner() { go_install "github.com/rancher/local-path-provisioner@$LOCAL_PATH_VERSION"; }
build_helm() { go_install "helm.sh/helm/v3/cmd/helm@$HELM_VERSION"; }

take_program() {
  local packed=${CLUSTER_PACKED:-}/$1.zst
  if [ -n "${CLUSTER_PACKED:-}" ] && [ -e "$packed" ]; then
    zstd --decompress --quiet --force "$packed" -o "$BIN/$1"
    chmod 755 "$BIN/$1"
  else
    command -v go >/dev/null || { echo "no packed $1, and no Go to build it with" >&2; exit 1; }
    echo "building $1; this takes minutes, once"
    "build_$1"
  fi
}

# BusyBox is every image the cluster needs: the programs of the add-ons are mounted from the host, and its shell holds pods.
build_image() {
  local root busybox applet
  root=$(mktemp -d)
  busybox=$(command -v busybox)
  mkdir -p "$root"/{bin,etc,tmp,var}
  cp "$busybox" "$root/bin/busybox"
  for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  local hold='trap \"exit 0\" TERM INT; while :; do sleep 3600 & wait $!; done'
  "$CLUSTER_DIR/image-archive.sh" "$root" "$IMAGES/busybox.tar" "$BASE_IMAGE" "[\"/bin/sh\", \"-c\", \"$hold\"]"
  rm -r "$root"
}

command -v kubectl >/dev/null || { echo "kubectl is missing: install version 1.30 or later" >&2; exit 1; }
for program in "${PROGRAMS[@]}"; do take_program "$program"; done
for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet etcd coredns netpol-agent; do
  ln -sf allinone "$BIN/$name"
done
build_image
echo "$stamp" > "$CACHE/stamp"
