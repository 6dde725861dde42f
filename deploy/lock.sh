#!/bin/sh
# Writes deploy/locks: every package Didban stands on, to the version and to the SHA-256 of each file that may be installed.
#   lock.sh             takes in what pyproject.toml newly asks for, and leaves the other versions as they are
#   lock.sh --upgrade   takes the newest of everything: run the tests after it
# Needs a package index. One file holds for amd64 and arm64, and for every Python from 3.11 on.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
uv=${VENV:-$root/.venv}/bin/uv
cd "$root/deploy/locks"

# $1: the file; the rest: further arguments
compile() {
  file=$1
  shift
  "$uv" pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes \
    --annotation-style line --custom-compile-command deploy/lock.sh --output-file "$file" "$@"
}

# the largest first: the others take their versions from it, so that what is tested is what runs
compile dev.txt --extra dev "$@" ../../pyproject.toml
for extra in lab report responder; do
  compile "$extra.txt" --extra "$extra" --constraints dev.txt ../../pyproject.toml
done
compile run.txt --constraints dev.txt ../../pyproject.toml
compile build.txt "$@" build.in
