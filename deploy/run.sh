#!/bin/sh
# `make run`: asks what it must know, and runs Didban in the foreground until Ctrl-C.
#   With a didban.yml:                    runs it.
#   With a terminal:                      asks the questions of `didban init` first.
#   I_UNDERSTAND=yes:                     asks nothing; ROLE, COUNTRY, NETWORK, ACCESS say otherwise than "a control".
#   With neither:                         the same stack in the laboratory; no packet leaves this machine.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
venv=${VENV:-$root/.venv}
config=${CONFIG:-didban.yml}
state=${STATE:-$root/.didban}

init() {
  "$venv/bin/didban" init --out "$config" --storage "$state" "$@"
}

if [ ! -e "$config" ]; then
  if [ "${I_UNDERSTAND:-}" = yes ]; then
    init --role "${ROLE:-control}" ${COUNTRY:+--country "$COUNTRY"} ${NETWORK:+--network "$NETWORK"} \
      --access "${ACCESS:-datacenter}" --i-understand
  elif [ -t 0 ]; then
    init
  else
    echo "didban: nobody is here to agree to probing from this machine, so everything runs in the laboratory" >&2
    echo "didban: to measure for real: make run in a terminal, or make run I_UNDERSTAND=yes" >&2
    deploy/machine.sh have nginx-light unbound openvpn iproute2
    deploy/machine.sh venv lab
    exec "$venv/bin/python" -m tests.lab.home
  fi
fi
exec "$venv/bin/didban" up --config.file="$config"
