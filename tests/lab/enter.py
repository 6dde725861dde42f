"""Runs a command inside namespaces that lead nowhere: no interface but loopback, no process but its own.

    python -m tests.lab.enter COMMAND [ARGUMENT...]

As root, or as anybody through a user namespace. Everything that was started inside ends with the command, also when it
is killed: it is process 1 of its own world.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

MARK = "DIDBAN_LAB"
# what the machine is called inside: no word that stands by chance in any file
HOSTNAME = "the-laptop-of-its-keeper"
_PDEATHSIG = 1


def missing() -> str | None:
    """What keeps this machine from having namespaces, in one line; None when it can."""
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not there (modprobe tun)"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun cannot be opened by this user"
    if not Path("/proc/net/if_inet6").exists():
        return "IPv6 is not there (the kernel was started without it)"
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
    return ["unshare", *user, "--net", "--uts", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]


def enter(command: list[str]) -> int:
    """Runs the command inside; its exit code. What we are asked to end by is handed on: unshare itself would not."""
    script = (
        "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up"
        " && echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6"
        " && echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"
        f" && hostname {HOSTNAME}"
        ' && exec "$@"'
    )
    room = subprocess.Popen(
        [*_unshare(), "sh", "-c", script, "sh", *command],
        env={**os.environ, MARK: "1"},
        close_fds=False,  # `make run` hands its listeners in
        start_new_session=True,  # else Ctrl-C would come twice: from the terminal, and from us
        preexec_fn=_die_with_parent,
    )

    def hand_on(number: int, frame: FrameType | None) -> None:
        """As SIGINT, which every Python process hears; process 1 of a namespace is deaf to SIGTERM by default."""
        for child in Path(f"/proc/{room.pid}/task/{room.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    return room.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


def inside() -> bool:
    return os.environ.get(MARK) == "1"


if __name__ == "__main__":
    if (why_not := missing()) is not None:
        sys.exit(f"lab: {why_not}")
    sys.exit(enter(sys.argv[1:]))
