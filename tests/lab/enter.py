"""Runs a command inside namespaces that lead nowhere: no interface but loopback, no process but its own.

    python -m tests.lab.enter COMMAND [ARGUMENT...]

As root, or as anybody through a user namespace. Everything that was started inside ends with the command, also when it
is killed: it is process 1 of its own world.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MARK = "DIDBAN_LAB"


def missing() -> str | None:
    """What keeps this machine from having namespaces, in one line; None when it can."""
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not there (modprobe tun)"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun cannot be opened by this user"
    try:
        tried = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not there (apt: util-linux)"
    if tried.returncode:
        return f"namespaces are not to be had: {tried.stderr.strip()}"
    return None


def _unshare() -> list[str]:
    as_anybody = os.geteuid() != 0 or os.environ.get("DIDBAN_LAB_AS_ANYBODY") == "1"
    user = ["--user", "--map-root-user"] if as_anybody else []
    return ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]


def enter(command: list[str]) -> None:
    """Becomes the command, inside. Never returns."""
    script = (
        "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up"
        ' && echo 1 > /proc/sys/net/ipv4/ip_forward && exec "$@"'
    )
    os.environ[MARK] = "1"
    os.execvp("unshare", [*_unshare(), "sh", "-c", script, "sh", *command])


def inside() -> bool:
    return os.environ.get(MARK) == "1"


if __name__ == "__main__":
    if (why_not := missing()) is not None:
        sys.exit(f"lab: {why_not}")
    enter(sys.argv[1:])
