"""A machine for a few seconds: systemd as process 1 of namespaces, on this very disk, of which it can change nothing.

It has a /etc, /var and /opt of its own that end with it, a loopback and no other interface, and starts nothing but what
it is asked to. What it cannot show: a kernel's boot, real time, other users' processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy/systemd"
_SYSTEMD = Path("/lib/systemd/systemd")
_PATIENCE_S = 30.0

_BEGIN = r"""#!/bin/sh
# as process 1 of new mount, pid, cgroup, net, uts and ipc namespaces
set -eu
mount --make-rprivate /
mount -t proc proc /proc
ip link set lo up
mkdir -p "$ROOM"
mount -t tmpfs -o mode=755 tmpfs "$ROOM"
mkdir "$ROOM/etc" "$ROOM/opt" "$ROOM/opt/didban"
cp -a /etc/. "$ROOM/etc/"
rm -rf "$ROOM/etc/systemd/system" "$ROOM/etc/didban" "$ROOM/etc/didban-hub"
mkdir "$ROOM/etc/systemd/system"
mkdir "$ROOM/opt/tests"
mount --bind "$BROUGHT" "$ROOM/opt/tests"
mount -o remount,bind,ro "$ROOM/opt/tests"
cd "$ROOM/opt/didban"
if [ "$BARE" = no ]; then
mkdir -p .venv/bin src site python bundle
mount --bind "$SOURCE" src
mount --bind "$PACKAGES" site
mount --bind "$BASE" python
for each in src site python; do mount -o remount,bind,ro $each; done
printf '#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/opt/didban/src:/opt/didban/site exec %s -m monitor "$@"\n' \
  "$PYTHON" > .venv/bin/didban
chmod 755 .venv/bin/didban
fi
cd /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var
mount --rbind "$ROOM/opt" /opt
mount --rbind "$ROOM/etc" /etc
mkdir -p /run/systemd/system /run/lock /var/lib /var/log /var/tmp
mount -t tmpfs -o mode=1777 tmpfs /tmp
case "$BARE $SOURCE" in  # a checkout that lies in what was just covered
"no /tmp/"* | "no /var/"* | "no /run/"*) mkdir -p "$SOURCE" && mount --bind /opt/didban/src "$SOURCE" ;;
esac
umount -R /sys/fs/cgroup
mount -t tmpfs tmpfs /sys/fs/cgroup
umount /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for unit in sysinit basic network-online time-sync quiet; do
  printf '[Unit]\nDescription=nothing\nDefaultDependencies=no\n' > /etc/systemd/system/$unit.target
done
rm -rf /etc/systemd/system-generators
mkdir /etc/systemd/system-generators
for each in /usr/lib/systemd/system-generators/*; do ln -s /dev/null /etc/systemd/system-generators/"${each##*/}"; done
mount -o remount,bind,ro /
mount --make-rshared /  # as at a boot: how credentials come into a unit
export container=lxc
exec "$SYSTEMD" --system --unit=quiet.target --log-target=null --show-status=0
"""


def missing() -> str | None:
    """What keeps this machine from having another one in it, in one line."""
    if os.geteuid() != 0:
        return "only root can be process 1 of a machine"
    for needed in (_SYSTEMD, Path("/usr/bin/systemctl"), Path("/usr/bin/nsenter")):
        if not needed.exists():
            return f"{needed} is not there (apt: systemd, util-linux)"
    if _cgroups() is None:
        return "there is no cgroup2 that can be written"
    return None


def _cgroups() -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, how, *_ = line.split()
        if kind == "cgroup2" and "rw" in how.split(",") and os.access(where, os.W_OK):
            return Path(where)
    return None


class Machine:
    """`folder`: an empty one, for what outlives it: nothing.

    `brought`: a folder it finds in /opt/tests. `bare`: without a Didban in /opt/didban.
    """

    def __init__(self, folder: Path, *, brought: Path | None = None, bare: bool = False) -> None:
        self._folder, self._brought, self._bare = folder, brought or folder, bare
        self._group = (_cgroups() or folder) / f"didban-test-{os.getpid()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0

    def __enter__(self) -> Machine:
        script = self._folder / "begin.sh"
        script.write_text(_BEGIN)
        self._group.mkdir()
        inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--uts", "--ipc", "--net"]
        command = ["sh", "-c", f'echo $$ > {self._group}/cgroup.procs; exec "$@"', "sh", *inside, "sh", str(script)]
        self._process = subprocess.Popen(command, env=self._environment(), stdin=subprocess.DEVNULL)
        self._until(self._has_begun, "systemd did not begin")
        return self

    def _environment(self) -> dict[str, str]:
        base = Path(sys.base_prefix)
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        systems = Path(f"/usr/bin/{name}")  # what a unit runs; another one may want libraries that are not found there
        python = str(systems) if systems.exists() else f"/opt/didban/python/bin/{name}"
        site = next(path for path in sys.path if path.endswith("site-packages"))
        room = self._folder / "room"
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOM": str(room),
            "SOURCE": str(ROOT),
            "PACKAGES": site,
            "BASE": str(base if base != Path("/usr") else self._folder),
            "PYTHON": python,
            "BROUGHT": str(self._brought),
            "BARE": "yes" if self._bare else "no",
            "SYSTEMD": str(_SYSTEMD),
        }

    def _has_begun(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the machine broke down"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if not children or "systemd" not in Path(f"/proc/{children[0]}/comm").read_text():
            return False
        self._init = int(children[0])
        return self.run("systemctl", "is-active", "quiet.target").returncode == 0

    def __exit__(self, *error: object) -> None:
        assert self._process is not None
        if self._init:
            os.kill(self._init, signal.SIGKILL)  # and with it all that lives in its namespace
        self._process.kill()
        self._process.wait()
        self._until(self._is_gone, "something of the machine lives on")

    def _is_gone(self) -> bool:
        for folder in sorted(self._group.rglob("*/"), reverse=True):
            if folder.is_dir():
                folder.rmdir()
        try:
            self._group.rmdir()
        except OSError:
            return False
        return True

    @staticmethod
    def _until(there: object, otherwise: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                if callable(there) and there():
                    return
            except OSError:
                pass
            assert time.monotonic() < end, otherwise
            time.sleep(0.05)

    # ---------------------------------------------------------------- at work

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        inside = ["nsenter", "-t", str(self._init), "-m", "-p", "-C", "-n", "-u", "-i", "--"]
        return subprocess.run([*inside, *command], capture_output=True, text=True, check=False, input=stdin)

    def write(self, path: str, text: str, *, owner: str = "root:root", mode: str = "644") -> None:
        done = self.run(
            "sh", "-c", 'mkdir -p "${1%/*}" && cat > "$1" && chown "$2" "$1" && chmod "$3" "$1"', "sh", path, owner, mode,
            stdin=text,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def install(self, name: str) -> None:
        """The unit of that name, its user and its folders, as deploy/README.md says."""
        for kind, tool in (("sysusers", "systemd-sysusers"), ("tmpfiles", "systemd-tmpfiles")):
            self.write(f"/etc/{kind}.d/{name}.conf", (UNITS / f"{name}.{kind}.conf").read_text())
            done = self.run(tool, *(["--create"] if kind == "tmpfiles" else []), f"/etc/{kind}.d/{name}.conf")
            assert done.returncode == 0, done.stderr
        self.write(f"/etc/systemd/system/{name}.service", (UNITS / f"{name}.service").read_text())
        self.write(
            f"/etc/systemd/system/{name}.service.d/said.conf", f"[Service]\nStandardError=append:/run/{name}.log\n"
        )
        self.run("systemctl", "daemon-reload")

    def show(self, name: str, key: str) -> str:
        return self.run("systemctl", "show", "-P", key, name).stdout.strip()

    def said(self, name: str) -> str:
        return self.run("cat", f"/run/{name}.log").stdout

    def until(self, there: object, otherwise: str) -> None:
        self._until(there, otherwise)
