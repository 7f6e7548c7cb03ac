#!/bin/sh
# Makes .build beside this file: the vendor's client as the pom names it, and our programs compiled against it. Does
# nothing when that is done already. With --check it does nothing at all: its exit status says whether it is done.
# Needs a JDK (11 or later) and Maven, which fetches what its own store lacks.
set -eu
cd "$(dirname "$0")"
sources="pom.xml libraries.sha256 setup.sh src/*.java"
# shellcheck disable=SC2086
if cat $sources | cmp -s - .build/sources; then exit 0; fi
if [ "${1:-}" = --check ]; then exit 1; fi
rm -rf .build
mkdir -p .build/classes
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=.build/lib >.build/maven.log 2>&1 || {
  cat .build/maven.log >&2
  exit 1
}
# Maven has no lock file: these are the files that were tested, and no others.
(cd .build/lib && sha256sum --quiet --check ../../libraries.sha256)
test "$(ls .build/lib | wc -l)" -eq "$(wc -l <libraries.sha256)"
javac -encoding UTF-8 --release 11 -Xlint:-options -cp '.build/lib/*' -d .build/classes src/*.java
# shellcheck disable=SC2086
cat $sources >.build/sources
