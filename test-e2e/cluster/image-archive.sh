#!/bin/bash
# image-archive.sh ROOT OUT.tar NAME:TAG [ENTRYPOINT-JSON]: packs the folder ROOT as an image of one layer, in the archive layout
# that `docker load`, containerd and buildah read. The same folder gives the same bytes.
set -euo pipefail
root=$1 out=$2 name=$3 entrypoint=${4:-null}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
tar --create --file "$work/layer.tar" --directory "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
digest=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
cat > "$work/config.json" <<EOF
{"architecture": "$architecture", "os": "linux", "created": "1970-01-01T00:00:00Z",
 "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Entrypoint": $entrypoint, "WorkingDir": "/"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$digest"]},
 "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "image-archive.sh"}]}
EOF
cat > "$work/manifest.json" <<EOF
[{"Config": "config.json", "RepoTags": ["$name"], "Layers": ["layer.tar"]}]
EOF
mkdir -p "$(dirname "$out")"
tar --create --file "$out" --directory "$work" --mtime=@0 --owner=0 --group=0 --numeric-owner manifest.json config.json layer.tar
