#!/bin/sh
# Takes Didban off a machine: what was measured, its secrets, its configuration, its units, its users, the program.
#   uninstall.sh --yes [--to DIR]
# What no program can take away: old blocks on a flash chip, the system's journal, shell history, backups carried away.
set -eu

to=/opt/didban
yes=
while [ $# -gt 0 ]; do
  case $1 in
    --yes) yes=1; shift ;;
    --to) to=${2:?}; shift 2 ;;
    *) sed -n '3,4p' "$0" >&2; exit 2 ;;
  esac
done
say() { printf 'didban: %s\n' "$*" >&2; }
[ -n "$yes" ] || { say "nothing is taken away: say --yes"; exit 2; }
[ "$(id -u)" = 0 ] || { say "only root can take it all away"; exit 3; }

for name in didban didban-hub; do
  systemctl disable --now "$name" >/dev/null 2>&1 || true
done
# overwritten, and not only unlinked: what a box saw, and what it proves itself by
if [ -f /etc/didban/didban.yml ]; then
  "$to/.venv/bin/didban" wipe --config.file=/etc/didban/didban.yml --storage.path=/var/lib/didban --yes || true
fi
for folder in /etc/didban /etc/didban-hub /var/lib/didban /var/lib/didban-hub; do
  [ -d "$folder" ] || continue
  find "$folder" -type f -exec shred -n 1 -u {} + 2>/dev/null || true
  rm -rf "$folder"
done
for name in didban didban-hub; do
  rm -rf "/etc/systemd/system/$name.service" "/etc/systemd/system/$name.service.d"
  rm -f "/etc/sysusers.d/$name.conf" "/etc/tmpfiles.d/$name.conf"
  if id "$name" >/dev/null 2>&1; then userdel "$name" >/dev/null 2>&1 || true; fi
  if getent group "$name" >/dev/null 2>&1; then groupdel "$name" >/dev/null 2>&1 || true; fi
done
rmdir /etc/sysusers.d 2>/dev/null || true # Debian has none of its own
systemctl daemon-reload >/dev/null 2>&1 || true
systemctl reset-failed >/dev/null 2>&1 || true
rm -rf "$to"
say "Didban is gone. Left, as it must be: the system's journal (journalctl), shell history, old blocks on a flash chip"
