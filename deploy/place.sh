#!/bin/sh
# Lays Didban and what it stands on into a folder that is then only read: for an image, or a Debian package.
#   place.sh packages PREFIX           a virtual environment with the packages of locks/run.txt and no others
#   place.sh didban PREFIX [DESTDIR]   Didban itself, the tools that built it gone; PREFIX stands in DESTDIR for now
# Needs a package index for the first; what it may take is fixed by SHA-256.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
what=${1:-}
prefix=${2:-}
dest=${3:-}

pip() {
  "$prefix/bin/python" -m pip --disable-pip-version-check --quiet "$@"
}

packages() {
  "${PYTHON:-python3}" -m venv "$prefix"
  pip install --no-compile --require-hashes --only-binary :all: \
    -r "$root/deploy/locks/build.txt" -r "$root/deploy/locks/run.txt"
}

didban() {
  final=${prefix#"$dest"}
  source=$(mktemp -d)
  trap 'rm -rf "$source"' EXIT INT TERM
  # setuptools builds where the source stands, and that may be somebody's working copy
  (cd "$root" && cp -R pyproject.toml README.md LICENSE probes monitor dashboards "$source")
  pip install --no-compile --no-deps --no-index --no-build-isolation "$source"
  # nothing here may install anything later: neither its own tools, nor scripts nobody asked for
  pip uninstall --yes setuptools pip
  find "$prefix/bin" -mindepth 1 ! -name 'python*' ! -name didban -delete
  rm -rf "$prefix/include" "$prefix/share"
  find "$prefix" -name __pycache__ -prune -exec rm -rf {} +
  sed -i "1s|^#!.*|#!$final/bin/python|" "$prefix/bin/didban"
  sed -i "/^command = /d" "$prefix/pyvenv.cfg"
  # compiled once, since nobody may write here; the same bytes whenever it is done
  "$prefix/bin/python" -m compileall -q -j 1 -s "${dest:-/}" -p / --invalidation-mode unchecked-hash \
    "$prefix"/lib/python3.*/site-packages
  find "$prefix/lib" -type f -exec chmod 644 {} +
}

[ -n "$prefix" ] || what=
case $what in
  packages) packages ;;
  didban) didban ;;
  *) sed -n '2,5p' "$0" >&2; exit 2 ;;
esac
