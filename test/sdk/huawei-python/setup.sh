#!/bin/sh
# Makes .venv beside this file with the pinned client in it; does nothing when it is already complete.
# Needs python3 (3.9 or later) and a package index. CERTKEEP_TEST_PYTHON names another interpreter.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
stamp="$here/.venv/requirements.txt"
if cmp -s "$here/requirements.txt" "$stamp"; then exit 0; fi
"${CERTKEEP_TEST_PYTHON:-python3}" -m venv --clear "$here/.venv"
# --no-deps: what is not pinned is not installed; the check afterwards says when something is missing.
"$here/.venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
"$here/.venv/bin/pip" check --disable-pip-version-check
cp "$here/requirements.txt" "$stamp"
