#!/bin/sh
# Microsoft's Bicep compiler for Linux into a folder: sh .github/bicep.sh ~/.azure/bin
# `az` in a workflow takes it from the PATH, so what was checked is what deploys. The version is that of
# tests/bicep.py. To move it: both, then `python -m tests.bicep --write`, and look for new rules in its notes.
# The sum was taken of the file in Microsoft's package Azure.Bicep.CommandLine.linux-x64, which their build packs from
# the same artifact as the release; this script has never run against the release itself.
set -eu
VERSION=0.49.2
SHA256=0ab9de90c2493f206f8281bae74f9ee2d5ed3605548dab1adf41fef185e1f7c5
mkdir -p "$1"
curl --fail --silent --show-error --location --retry 3 --output "$1/bicep.new" \
  "https://github.com/Azure/bicep/releases/download/v$VERSION/bicep-linux-x64"
echo "$SHA256  $1/bicep.new" | sha256sum --check --strict --quiet
chmod 755 "$1/bicep.new"
mv "$1/bicep.new" "$1/bicep"
