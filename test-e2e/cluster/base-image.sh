#!/bin/bash
# base-image.sh OUT.tar NAME:TAG: a stand-in for the Node.js image that the Dockerfiles start from, for machines that reach no image
# registry: the repository's own Node.js with the libraries it is linked to, npm, and a shell.
. "$(dirname "$0")/settings.sh"
out=$1 name=$2
NPM_VERSION=11.6.2
node=$(readlink -f "$CLUSTER_DIR/../../node_modules/node/bin/node")
root=$(mktemp -d)
trap 'rm -r "$root"' EXIT

mkdir -p "$root"/{bin,etc,usr/bin,usr/local/bin,usr/local/lib/node_modules,home/node,root,tmp,var}
chmod 1777 "$root/tmp"
cp "$node" "$root/usr/local/bin/node"
for library in $(ldd "$node" | grep -o '/[^ ]*\.so[^ ]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp --dereference "$library" "$root$library"
done

if [ ! -e "$CACHE/npm-$NPM_VERSION" ]; then
  npm install --silent --no-audit --no-fund --no-save --prefix "$CACHE/npm.new" "npm@$NPM_VERSION"
  mv "$CACHE/npm.new" "$CACHE/npm-$NPM_VERSION"
fi
cp -r "$CACHE/npm-$NPM_VERSION/node_modules/npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
ln -s ../../bin/busybox "$root/usr/bin/env"
printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"
"$CLUSTER_DIR/image-archive.sh" "$root" "$out" "$name" '["/usr/local/bin/node"]'
