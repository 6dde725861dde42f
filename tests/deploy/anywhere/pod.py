"""Plays a compose file on this machine, with its very paths, users, volumes and command lines, and this machine's programs.

A script for `carriers.alone`: each service gets a root of its own that it can only read, made of this machine's disk;
what the images bring is not here, so what they would set up beside their program is not shown by it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.deploy.anywhere.carriers import DEPLOY, ROOT

# what the images would bring; a volume that is new takes over what stands in the image, and whose it is
PROGRAMS = {
    "localhost/didban": "/opt/didban/bin/didban",
    "docker.io/prom/prometheus": "/usr/bin/prometheus",
    "docker.io/prom/alertmanager": "/usr/bin/prometheus-alertmanager",
}
_OWNED = {
    "hub": ("10001", "700"),
    "shipped": ("10001", "755"),
    "alertmanager": ("10001", "755"),
    "prometheus": ("65534", "755"),
}

_BEGIN = r"""
room={room}
mount -t tmpfs -o mode=755 tmpfs $room
mkdir $room/volumes $room/logs
root() {{  # a disk to stand on: this machine's, without what the image would not have
  mkdir -p $room/$1; top=$room/$1
  mount -t tmpfs -o mode=755 tmpfs $top
  for each in bin lib lib64 sbin usr; do
    if [ -L /$each ]; then cp -P /$each $top/$each; elif [ -e /$each ]; then mkdir $top/$each; mount --bind /$each $top/$each; fi
  done
  mkdir -p $top/etc $top/dev $top/proc $top/tmp $top/opt/didban/bin $top/opt/didban/src $top/opt/didban/site
  mount --rbind /dev $top/dev; mount -t proc proc $top/proc
  cp -r /etc/passwd /etc/group /etc/hosts /etc/ld.so.cache /etc/ssl $top/etc/
  mount --bind {source} $top/opt/didban/src; mount --bind {site} $top/opt/didban/site
  printf '#!/bin/sh\nPYTHONPATH=/opt/didban/src:/opt/didban/site exec {python} -m monitor "$@"\n' >$top/opt/didban/bin/didban
  printf '#!/bin/sh\nexec {python} "$@"\n' >$top/opt/didban/bin/python
  cp {healthy} $top/opt/didban/healthy.py
  chmod 755 $top/opt/didban/bin/*
}}
"""


def begin(room: Path) -> str:
    site = next(path for path in sys.path if path.endswith("site-packages"))
    return _BEGIN.format(
        room=room,
        source=ROOT,
        site=site,
        python=f"/usr/bin/python3.{sys.version_info.minor}",
        healthy=DEPLOY / "container/healthy.py",
    )


def volumes(compose: Mapping[str, Any]) -> str:
    """Each with the owner that the image's folder has."""
    lines = []
    for name in compose["volumes"]:
        owner, mode = _OWNED.get(name, ("0", "755"))
        lines.append(f"mkdir -m {mode} $room/volumes/{name}; chown {owner}:{owner} $room/volumes/{name}")
    lines.append("install -d -m 700 -o 10001 -g 10001 $room/volumes/hub/credentials")
    lines.append("install -m 600 -o 10001 -g 10001 /dev/null $room/volumes/hub/registry.yml")
    return "\n".join(lines) + "\n"


def service(compose: Mapping[str, Any], name: str, beside: Path) -> str:
    """Lines that start it in the foreground. `beside`: where the compose file's relative names stand."""
    asked = compose["services"][name]
    program = PROGRAMS[asked["image"].rpartition(":")[0]]
    lines = [f"root {name}"]
    for volume in asked["volumes"]:
        source, target, *how = volume.split(":")
        real = str(beside / source) if source.startswith(".") else f"$room/volumes/{source}"
        lines.append(
            f"if [ -d {real} ]; then mkdir -p $top{target}; else mkdir -p $top$(dirname {target}); touch $top{target}; fi"
        )
        lines.append(f"mount --bind {real} $top{target}" + (f"; mount -o remount,bind,ro $top{target}" if how else ""))
    lines.append("mount -t tmpfs -o mode=1777 tmpfs $top/tmp")
    assert (asked["read_only"], asked["cap_drop"]) == (True, ["ALL"])
    lines.append("mount -o remount,ro $top")
    user, _, group = asked["user"].partition(":")
    words = " ".join(shlex.quote(word) for word in [program, *asked["command"]])
    confined = (
        f"setpriv --reuid={user} --regid={group} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
    )
    lines.append(f"HOME=/tmp chroot $top {confined} {words}")
    return "\n".join(lines)
