"""Ends the daemon that holds a spool, and keeps its place taken, so that none starts anew while files are destroyed.

Who holds a lock says /proc/locks (proc(5)). Only a process that holds the spool's own lock is ended, or the `didban up`
that would start it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from probes.doors.clock import SystemClock

_LAST_WORD_S, _KILLED_S = 8.0, 3.0  # a daemon that is stopped says goodbye within five seconds
_LOOK_EVERY_S = 0.05


class AtWork(OSError):
    """A daemon holds the spool, and cannot be ended from here."""


def take(lock: Path) -> int | None:
    """The handle that holds the lock from now on; None where no daemon ever was. Raises AtWork."""
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    for number, patience_s in ((None, 0.0), (signal.SIGTERM, _LAST_WORD_S), (signal.SIGKILL, _KILLED_S)):
        if number is not None:
            _send(handle, number)
        if _taken(handle, patience_s):
            return handle
    os.close(handle)
    raise AtWork("a daemon is at work here and cannot be ended: stop it (systemctl stop didban), then wipe again")


def _taken(handle: int, patience_s: float) -> bool:
    clock = SystemClock()
    until_s = clock.elapsed_s() + patience_s
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if clock.elapsed_s() >= until_s:
            return False
        time.sleep(_LOOK_EVERY_S)


def _send(handle: int, number: signal.Signals) -> None:
    pid = _holder(os.fstat(handle).st_ino)
    if pid is None or pid == os.getpid():
        return
    parent = _parent(pid)
    with contextlib.suppress(OSError):
        os.kill(parent if parent is not None and number is signal.SIGTERM else pid, number)


def _holder(inode: int) -> int | None:
    """Of a line such as `1: FLOCK  ADVISORY  WRITE 32129 fe:00:2188696 0 EOF`."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            match line.split():
                case [_, "FLOCK", _, _, pid, where, *_] if where.rpartition(":")[2] == str(inode) and int(pid) > 0:
                    return int(pid)
    return None


def _parent(pid: int) -> int | None:
    """The `didban up` that would start it again."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        words = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
        if b"up" in words and any(word == b"monitor" or word.endswith(b"didban") for word in words):
            return parent
    return None
