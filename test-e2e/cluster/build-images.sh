#!/bin/bash
# build-images.sh VERSION: builds the images of the broker and the operator from their Dockerfiles, on the stand-in base image, into
# archives that load.sh takes. Prints the archives' names.
. "$(dirname "$0")/settings.sh"
version=$1
BASE=docker.io/library/node:24-slim
cd "$CLUSTER_DIR/../.."
# chroot: a build step runs without a container of its own, as machines without the needed rights want it.
export BUILDAH_ISOLATION=chroot
storage=(--root "$CACHE/buildah" --runroot "$CACHE/buildah-run")
mkdir -p "$CACHE/built"

# npm inside the build reaches its registry in the way that npm on this machine does.
npmrc=$(mktemp)
trap 'rm "$npmrc"' EXIT
volumes=(--volume "$npmrc:/root/.npmrc:ro")
printf '%s\n' "registry=$(npm config get registry)" update-notifier=false > "$npmrc"
authorities=$(npm config get cafile)
[ -e "$authorities" ] || authorities=${NODE_EXTRA_CA_CERTS:-}
if [ -e "$authorities" ]; then
  echo "cafile=$authorities" >> "$npmrc"
  volumes+=(--volume "$authorities:$authorities:ro")
fi

base_stamp=$(sha256sum "$CLUSTER_DIR"/{base-image,image-archive}.sh package-lock.json | sha256sum | cut -c1-16)
if [ "$(cat "$CACHE/base-stamp" 2>/dev/null)" != "$base_stamp" ]; then
  "$CLUSTER_DIR/base-image.sh" "$CACHE/built/base.tar" "$BASE"
  buildah "${storage[@]}" pull --quiet "docker-archive:$CACHE/built/base.tar" >/dev/null
  rm "$CACHE/built/base.tar"
  echo "$base_stamp" > "$CACHE/base-stamp"
fi
for name in broker operator; do
  folder=$name
  [ $name = operator ] || folder=broker-image
  image=docker.io/library/warren-$name:$version
  buildah "${storage[@]}" build --pull-never --layers --quiet "${volumes[@]}" --file "$folder/Dockerfile" --tag "$image" . >/dev/null
  rm -f "$CACHE/built/$name.tar"
  buildah "${storage[@]}" push --quiet "$image" "docker-archive:$CACHE/built/$name.tar:$image"
  echo "$CACHE/built/$name.tar"
done
