#!/bin/sh
# Gives a Debian or Ubuntu machine what Didban needs, and starts nothing.
#   machine.sh venv [EXTRA]     a virtual environment in .venv with Didban in it, of the packages of locks/ and no others
#   machine.sh have PACKAGE...  Debian packages, without their recommendations and without starting a service
#   machine.sh axe              axe-core, which looks at pages in the tests, beside the virtual environment
# Where apt is not there, or nobody may use it, it says in one line what is missing, and goes on.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/.venv}

say() { printf 'didban: %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }
}

missing_of() {
  for package in "$@"; do
    status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || printf '%s ' "$package"
  done
}

# by the package's name, and by what it holds: charon-systemd brings strongswan.service
units_of() {
  for package in "$@"; do
    printf '%s.service\n' "${package%-light}"
    dpkg -L "$package" 2>/dev/null | sed -n 's|.*/systemd/system/\([^@/]*\.service\)$|\1|p'
  done
}

have() {
  missing=$(missing_of "$@")
  [ -n "$missing" ] || return 0
  if ! may_install; then
    say "missing, and cannot be installed here: ${missing}(apt as root would: apt-get install --no-install-recommends $missing)"
    return 0
  fi
  say "installing $missing"
  # Debian's packages start Prometheus on 0.0.0.0:9090 and Alertmanager on :9093: for the length of this install,
  # nobody starts anything.
  policy=/usr/sbin/policy-rc.d
  ours=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    ours=yes
    trap 'as_root rm -f "$policy"' EXIT INT TERM
  fi
  as_root apt-get update -qq >/dev/null 2>&1 || true
  # shellcheck disable=SC2086
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
    say "apt could not install $missing"
  fi
  # ... nor at the next boot: what was not there before us listens for nobody
  if command -v systemctl >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    for unit in $(units_of $missing); do
      as_root systemctl disable -q "$unit" >/dev/null 2>&1 || true
    done
  fi
  if [ -n "$ours" ]; then
    as_root rm -f "$policy"
    trap - EXIT INT TERM
  fi
}

make_venv() {
  lock=$root/deploy/locks/${1:-run}.txt
  stamp=$venv/.didban-${1:-run}
  [ -e "$lock" ] || { say "no lock for $1: $(cd "$root/deploy/locks" && echo *.txt)"; exit 2; }
  [ ! -e "$stamp" ] || [ -n "$(find "$root/pyproject.toml" "$lock" -newer "$stamp")" ] || return 0
  python=${PYTHON:-python3}
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then have python3-venv; fi
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  say "installing Didban into $venv"
  # the very files that were tested, by their SHA-256; and none that would build itself with tools nobody locked
  pip "$venv" --require-hashes --only-binary :all: -r "$root/deploy/locks/build.txt" -r "$lock"
  pip "$venv" --no-deps --no-index --no-build-isolation --config-settings editable_mode=compat -e "$root"
  touch "$stamp"
}

pip() {
  into=$1
  shift
  "$into/bin/python" -m pip install -q --disable-pip-version-check "$@" 2>"$into/pip.log" || { cat "$into/pip.log" >&2; exit 3; }
}

# the very bytes that were looked at once: another tarball of the same name is refused
axe='axe-core@4.14.1'
axe_sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5

have_axe() {
  kept=$venv/share/$axe
  [ ! -e "$kept/axe.min.js" ] || return 0
  command -v npm >/dev/null 2>&1 || have npm
  fetched=$(mktemp -d)
  trap 'rm -rf "$fetched"' EXIT INT TERM
  say "fetching $axe"
  if ! (cd "$fetched" && npm pack --silent "$axe" >packed 2>log); then
    say "$axe could not be had: $(tail -n 1 "$fetched/log")"
    return 0
  fi
  tarball=$fetched/$(tail -n 1 "$fetched/packed")
  printf '%s  %s\n' "$axe_sha512" "$tarball" | sha512sum -c --status || { say "$axe is not the one we looked at"; exit 3; }
  tar -xzf "$tarball" -C "$fetched" package/axe.min.js package/LICENSE
  mkdir -p "$kept"
  cp "$fetched/package/LICENSE" "$fetched/package/axe.min.js" "$kept/"
  rm -rf "$fetched"
  trap - EXIT INT TERM
}

case ${1:-} in
  venv) shift; make_venv "$@" ;;
  have) shift; have "$@" ;;
  axe) have_axe ;;
  *) sed -n '2,6p' "$0" >&2; exit 2 ;;
esac
