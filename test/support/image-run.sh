#!/usr/bin/env bash
# image-run.sh NAME IMAGE [podman options...]   runs it hardened: read-only root, no capabilities, no new privileges. apt: podman runc
# NETWORK=none gives it a loopback of its own; the default is the host's network. Without systemd, podman complains that it cannot
# run the health check by the clock; `podman healthcheck run NAME` runs it and keeps the status.
set -euo pipefail
name=$1
image=$2
shift 2
exec podman run -d --name "$name" --runtime runc --ulimit nofile=16384:16384 --ulimit nproc=8192:8192 --network="${NETWORK:-host}" \
  --read-only --tmpfs /tmp --cap-drop=all --security-opt=no-new-privileges "$@" "$image"
