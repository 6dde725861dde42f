#!/bin/sh
# Builds didban_VERSION_ARCH.deb for the Debian or Ubuntu release it runs on: everything but Python itself is in it.
#   build.sh OUT      needs a package index, dpkg-deb and gzip; COMPRESS=gzip where xz takes too long
# One package a release and architecture, since what it stands on is compiled for one Python.
set -eu

out=${1:-}
[ -n "$out" ] || { sed -n '3,4p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/deploy/deb
umask 022

python=${PYTHON:-/usr/bin/python3}
minor=$("$python" -c 'import sys; print(f"{sys.version_info.major}.{sys.version_info.minor}")')
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/pyproject.toml")
# shellcheck disable=SC1091
release=$(. /etc/os-release && printf '%s%s' "$ID" "$VERSION_ID")
arch=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT INT TERM
chmod 755 "$stage"

# $1: source; $2: where it goes; $3: its mode
put() { install -D -m "${3:-644}" "$1" "$stage/$2"; }
packed() { mkdir -p "$stage/$(dirname "$1")"; gzip -9n >"$stage/$1"; }

PYTHON=$python "$root/deploy/place.sh" packages "$stage/opt/didban/.venv"
PYTHON=$python "$root/deploy/place.sh" didban "$stage/opt/didban/.venv" "$stage"
put "$root/README.md" opt/didban/README.md
mkdir -p "$stage/usr/bin"
ln -s /opt/didban/.venv/bin/didban "$stage/usr/bin/didban"
for name in didban didban-hub; do
  put "$root/deploy/systemd/$name.service" "lib/systemd/system/$name.service"
  put "$root/deploy/systemd/$name.sysusers.conf" "usr/lib/sysusers.d/$name.conf"
  put "$root/deploy/systemd/$name.tmpfiles.conf" "usr/lib/tmpfiles.d/$name.conf"
done
packed usr/share/man/man1/didban.1.gz <"$here/didban.1"
packed usr/share/doc/didban/changelog.Debian.gz <<EOF
didban ($version-1~$release) unstable; urgency=medium

  * What changed is in CHANGELOG.md of the sources of this day.

 -- Didban <didban@example.org>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
EOF
put "$here/copyright" usr/share/doc/didban/copyright
put "$here/overrides" usr/share/lintian/overrides/didban

mkdir "$stage/DEBIAN"
for script in preinst postinst prerm postrm; do put "$here/$script" "DEBIAN/$script" 755; done
sed -e "s/@VERSION@/$version-1~$release/" -e "s/@ARCH@/$arch/" -e "s/@PYTHON@/python$minor/" \
  -e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$stage" | cut -f1)/" "$here/control" >"$stage/DEBIAN/control"
(cd "$stage" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) \
  >"$stage/DEBIAN/md5sums"
mkdir -p "$out"
dpkg-deb --root-owner-group "-Z${COMPRESS:-xz}" --build "$stage" "$out"
