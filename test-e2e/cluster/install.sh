#!/bin/bash
# install.sh: the Debian packages that the nodes and the image builds are made of. Needs root; does nothing when all are there.
set -euo pipefail
packages=(
  containerd runc containernetworking-plugins           # runs pods
  iptables nftables ipset ebtables conntrack socat      # Services and NetworkPolicies
  iproute2 util-linux procps openssl zstd busybox-static ca-certificates
  buildah                                               # builds the images from their Dockerfiles
)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || { echo "the real-cluster tier needs root to install: ${missing[*]}" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
