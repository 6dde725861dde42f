#!/bin/sh
# Installs Didban from a bundle, with no network. Nothing of the archive is run, or even unpacked, before its signature
# was checked; every wheel is checked by its SHA-256 before it is installed.
#   install.sh [--to DIR] [--units vantage|hub|both|none] PUBLIC-KEY ARCHIVE.tar
# PUBLIC-KEY: 32 bytes in base64, as `didban catalogue key` printed them to whoever made the bundle.
# DIR is /opt/didban: each version stands in DIR/releases, DIR/.venv leads to the one at work. Run it again with another
# archive to go forward or back. As root it also installs systemd's units (--units, vantage if not said), starting none.
# Needs: python3 (3.11 to 3.13) with its venv module, openssl, tar.
set -eu

to=/opt/didban
units=
[ "$(id -u)" = 0 ] && units=vantage

say() { printf 'didban: %s\n' "$*" >&2; }
fail() { say "$1"; exit "${2:-3}"; }
usage() { sed -n '4,8p' "$0" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case $1 in
    --to) [ $# -ge 2 ] || usage; to=$2; shift 2 ;;
    --units) [ $# -ge 2 ] || usage; units=$2; shift 2 ;;
    --*) usage ;;
    *) break ;;
  esac
done
[ $# = 2 ] || usage
case $units in vantage | hub | both | none | '') ;; *) usage ;; esac
key=$1
archive=$2
python=${PYTHON:-python3}

for tool in openssl tar "$python"; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is not there: the archive cannot be checked, and is not touched"
done
"$python" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
  fail "$python is not Python 3.11 to 3.13"
for each in "$archive" "$archive.sig"; do [ -f "$each" ] || fail "$each: no such file; both are needed"; done

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT INT TERM

# from here on the same bytes: whoever can write to the stick changes nothing between the check and the use
cp "$archive" "$room/archive"
cp "$archive.sig" "$room/signature"
# an Ed25519 key as RFC 8410 has it: twelve bytes, which are sixteen letters, and the key
printf -- '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA%s\n-----END PUBLIC KEY-----\n' "$key" >"$room/key.pem"
openssl pkey -pubin -in "$room/key.pem" -noout 2>/dev/null || fail "$key is no public key" 2
openssl pkeyutl -verify -pubin -inkey "$room/key.pem" -rawin -in "$room/archive" -sigfile "$room/signature" \
  >/dev/null 2>&1 || fail "$archive is not signed by that key: nothing was installed" 1

mkdir "$room/bundle"
tar -xf "$room/archive" -C "$room/bundle" --no-same-owner --strip-components=1
own=$(cd "$room/bundle/wheels" && echo didban-*-py3-none-any.whl)
version=${own#didban-}
version=${version%-py3-none-any.whl}
release=$to/releases/$version
if [ -e "$release/.whole" ] && cmp -s "$release/requirements.txt" "$room/bundle/requirements.txt"; then
  say "$version is there already"
else
  mkdir -p "$to/releases"
  rm -rf "$release"
  "$python" -m venv --without-pip "$release/venv"
  # pip runs from its own wheel; it asks no index, and takes nothing whose hash is not in the signed list
  pip=$(echo "$room"/bundle/wheels/pip-*.whl)
  env -u PYTHONPATH PIP_CONFIG_FILE=/dev/null PYTHONDONTWRITEBYTECODE=1 "$release/venv/bin/python" -I "$pip/pip" \
    --disable-pip-version-check --no-cache-dir -q install --no-index --find-links "$room/bundle/wheels" \
    --only-binary :all: --require-hashes --no-deps -r "$room/bundle/requirements.txt" || fail "the wheels do not fit this machine"
  cp -R "$room/bundle/README.md" "$room/bundle/LICENSE" "$room/bundle/CHANGELOG.md" "$room/bundle/deploy" "$release/"
  cp "$room/bundle/requirements.txt" "$release/"
  "$release/venv/bin/didban" --version >/dev/null || fail "it is installed, and does not run"
  touch "$release/.whole"
fi

ln -sfn "releases/$version/venv" "$to/.venv.new"
mv -T "$to/.venv.new" "$to/.venv"
for each in README.md LICENSE CHANGELOG.md deploy; do ln -sfn "releases/$version/$each" "$to/$each"; done
say "$version is at $to/.venv/bin/didban"

install_unit() {
  install -D -m 644 "$to/deploy/systemd/$1.service" "/etc/systemd/system/$1.service"
  install -D -m 644 "$to/deploy/systemd/$1.sysusers.conf" "/etc/sysusers.d/$1.conf"
  install -D -m 644 "$to/deploy/systemd/$1.tmpfiles.conf" "/etc/tmpfiles.d/$1.conf"
  systemd-sysusers "/etc/sysusers.d/$1.conf"
  systemd-tmpfiles --create "/etc/tmpfiles.d/$1.conf"
  systemctl daemon-reload 2>/dev/null || true
  say "$1.service is installed; once /etc/$1 holds its configuration: systemctl enable --now $1"
}
case $units in vantage | both) install_unit didban ;; esac
case $units in hub | both) install_unit didban-hub ;; esac
