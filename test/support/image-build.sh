#!/usr/bin/env bash
# image-build.sh CONTEXT TAG   builds CONTEXT/Dockerfile without an engine (base image from image-base.sh). apt: buildah
# The user's npm configuration, where there is one, is mounted while building and is in no layer.
set -euo pipefail
export BUILDAH_ISOLATION=chroot
npmrc=$(npm config get userconfig 2>/dev/null)
# Of the user that builds, inside.
home=/root
volumes=()
[ ! -f "$npmrc" ] || volumes=(--volume "$npmrc:$home/.npmrc:ro")
buildah bud --pull-never --network=host --format docker --layers=false "${volumes[@]}" -t "$2" "$1"
