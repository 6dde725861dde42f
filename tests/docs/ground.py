"""The ground on which the pages are walked: machines of the laboratory, each with a home and a copy of this tree in it.

Names are resolved and services served by the laboratory, and its authority is one that every machine here trusts, so
that nothing has to be typed that does not stand on the page. Two things differ from a reader's machine: the daemons
live `TIMES` faster, and WhatsApp's root key in the copy is that of the laboratory's servers.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs import terminal
from tests.docs.terminal import Running
from tests.lab import enter, network, world
from tests.lab.lab import Lab
from tests.lab.world import Box, Host

ROOT = Path(__file__).parents[2]
TIMES = 20
WITH_A_SIM, _SIM = "second", "5.112.1.77"
_SCALED = ("run", "up", "rules")
# what `make test` tells its own children; a reader's `make run` would take the virtual environment of the tests for its own
_OF_OURS = (enter.MARK, "VENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")

HOSTS: Mapping[str, Box] = {
    "abroad": world.VANTAGES[4],
    "workshop": world.VANTAGES[6],
    "laptop": world.VANTAGES[5],
    "box": world.VANTAGES[0],
    "third": world.VANTAGES[1],
    "second": world.VANTAGES[2],
    "hub": Box("hub", world.HUB, "control", "DE", "AS24940", "datacenter", world.WORLD_DNS),
    "witness": Box("store", world.STORE, "control", "DE", "AS24940", "datacenter", world.WORLD_DNS),
}
# whoever reads a page puts their own in these places; so does the laboratory
YOURS = {"203.0.113.7": world.STORE, "192.0.2.53": world.MOBILE_DNS}

_DIDBAN = """\
#!/bin/sh
# the daemon as it is, in the time of the laboratory
case "$1" in
  {scaled}) word=$1; shift; set -- "$word" --time-scale={times} "$@" ;;
  hub) shift; set -- hub --time-scale={times} "$@" ;;
esac
exec {python} -m monitor "$@"
"""
# stands in for systemd, for units of Debian's packages: their command, with their arguments
_SYSTEMCTL = """\
#!/bin/sh
trap '' HUP  # on a busy machine the terminal is gone before the last of them has a session of its own
shift
for unit in "$@"; do
  ARGS=; [ $unit = nginx ] || . /etc/default/$unit
  case $unit in
    prometheus) set -- --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path={at}/tsdb $ARGS ;;
    prometheus-alertmanager) set -- --config.file=/etc/prometheus/alertmanager.yml --storage.path={at}/alertmanager $ARGS ;;
    victoria-metrics) set -- $ARGS -storageDataPath={at}/victoria ;;
    nginx) set -- -c /etc/nginx/nginx.conf ;;
    *) exit 5 ;;
  esac
  setsid $unit "$@" >{at}/$unit.log 2>&1 &
  echo $! >>{at}/pids
done
"""
_NGINX = """\
daemon off; pid {at}/nginx.pid; error_log {at}/nginx.error;
events {{}}
http {{
    client_body_temp_path {at}/nginx.body; proxy_temp_path {at}/nginx.proxy; fastcgi_temp_path {at}/nginx.fastcgi;
    uwsgi_temp_path {at}/nginx.uwsgi; scgi_temp_path {at}/nginx.scgi;
    include /etc/nginx/conf.d/*.conf;
}}
"""
_SCP = """\
#!/bin/sh
# stands in for ssh between the machines of the laboratory; any box is the third
for each in "$@"; do to=$each; done
mkdir -p {homes}/third/watch
for each in "$@"; do [ "$each" = "$to" ] || cp "$each" "{homes}/third/${{to#*:}}"; done
"""
_ON = """\
mount --bind {at}/etc /etc
exec "$@"
"""
_MARK = "of-the-laboratory"  # a file in such an /etc: what a page has removed there is removed nowhere else


class Machine:
    """One machine: its home, what was typed there and goes on, and what it is called on the pages."""

    def __init__(self, lab: Lab, name: str, folder: Path) -> None:
        self.box = HOSTS[name]
        self.home = folder / "home" / name
        self.tree = self.home / "didban"
        self._at, self._lab = folder / "etc" / name, lab
        self._furnish()
        if name == WITH_A_SIM:
            _plug_in_a_sim(self.box.name)

    def type(self, text: str, answers: tuple[str, ...] = (), *, stays: bool = False) -> Running:
        environment = {
            "HOME": self.home,
            "PATH": f"{self._at / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": self.tree,
            "SSL_CERT_FILE": self._lab.pki.ca_file,
            "CURL_CA_BUNDLE": self._lab.pki.ca_file,
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PS1": "",
        }
        before = ["ip", "netns", "exec", self.box.name, "sh", str(self._at / "on"), "env"]
        before += [word for name in _OF_OURS for word in ("-u", name)]
        before += [f"{name}={value}" for name, value in environment.items()]
        return terminal.typed(self.home, before, text, answers, stays=stays)

    def end(self) -> None:
        """What its units started ends with the ground, and its second line is unplugged."""
        for pid in (self._at / "pids").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        if self.home.name == WITH_A_SIM:
            for line in ("link del v-sim", "netns del sim", "-4 rule del iif v-sim", "-6 rule del iif v-sim"):
                subprocess.run(["ip", *line.split()], check=True)

    def _furnish(self) -> None:
        copied(self.tree)
        chat = self.tree / "probes" / "services" / "whatsapp.yml"
        ours = (self._lab.folder / "whatsapp.key").read_text()
        chat.write_text(re.sub(r"root_key: [0-9a-f]{64}", f"root_key: {ours}", chat.read_text()))
        self._copy_etc(self._at / "etc")
        (self._at / "on").write_text(_ON.format(at=self._at))
        (self._at / "pids").touch()
        (self.home / ".cwd").write_text(str(self.home))
        self._install()

    def _copy_etc(self, to: Path) -> None:
        """What is changed there is this machine's alone; nobody has set up Prometheus or Didban on it yet."""
        to.parent.mkdir(parents=True)
        subprocess.run(["cp", "-a", "/etc", str(to)], check=True)
        for each in ("prometheus", "default", "nginx", "didban", "didban-hub", "letsencrypt"):
            shutil.rmtree(to / each, ignore_errors=True)
        for each in ("prometheus", "default", "nginx/conf.d"):
            (to / each).mkdir(parents=True)
        (to / "nginx" / "nginx.conf").write_text(_NGINX.format(at=self._at))
        (to / "resolv.conf").unlink(missing_ok=True)
        (to / "resolv.conf").write_text(f"nameserver {self.box.resolver}\n")
        (to / _MARK).touch()

    def _install(self) -> None:
        """As `deploy/machine.sh venv` leaves it, whose stamp says that it need not be done again."""
        folder = self.tree / ".venv" / "bin"
        _program(self._at / "bin" / "systemctl", _SYSTEMCTL.format(at=self._at))
        _program(self._at / "bin" / "scp", _SCP.format(homes=self.home.parent))
        _program(folder / "didban", _DIDBAN.format(scaled="|".join(_SCALED), times=TIMES, python=sys.executable))
        _program(folder / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        for extra in ("run", "responder", "dev", "lab"):
            (folder.parent / f".didban-{extra}").touch()


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _plug_in_a_sim(name: str) -> None:
    """A second way out of a machine, by the other operator: `wwan0`, with a route of its own behind the cable's."""
    sim = Host("sim", True, (_SIM,))
    network.join(sim)
    gateway = "169.254.1.1"
    for line in (
        f"-n sim link set eth0 netns {name} name wwan0",
        f"-n {name} link set wwan0 up",
        f"-n {name} addr add {_SIM}/32 dev wwan0",
        f"-n {name} route add default via {gateway} dev wwan0 onlink src {_SIM} metric 700",
    ):
        subprocess.run(["ip", *line.split()], check=True)


def copied(to: Path) -> None:
    """What is kept of this tree, as a clone of it would be."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
