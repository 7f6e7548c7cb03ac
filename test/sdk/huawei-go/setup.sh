#!/bin/sh
# Makes .build beside this file: our programs around the vendor's client, compiled. Does nothing when that is done
# already. With --check it does nothing at all: its exit status says whether it is done.
# Needs Go (1.19 or later), which fetches the modules that its own store lacks; go.sum says which files they are.
set -eu
cd "$(dirname "$0")"
sources="go.mod go.sum setup.sh client/*.go sample/*.go"
# shellcheck disable=SC2086
if cat $sources | cmp -s - .build/sources; then exit 0; fi
if [ "${1:-}" = --check ]; then exit 1; fi
rm -rf .build
mkdir .build
go build -mod=readonly -buildvcs=false -o .build/ ./client ./sample
# shellcheck disable=SC2086
cat $sources >.build/sources
